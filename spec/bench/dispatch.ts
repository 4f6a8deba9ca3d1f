import middy from '@middy/core'
import * as v from 'valibot'
import { accept, type Builder, ws } from 'ws-interlock'
import { type MessageEvent, messageEvent } from 'ws-interlock/testing'
import { compare, type Result } from './measure.ts'

/** A message of about 200 bytes, through `count` routes in turn: ours, a hand-written table, and one on middy. */
export const dispatch = async (count: number): Promise<Result[]> => {
  const names = Array.from({ length: count }, (_, index) => `route${index}`)
  const events = names.map((action) => messageEvent({ body: { action, id: 'a1b2c3', data: DATA } }))
  const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 30_000 } as never
  const over = (handler: (event: MessageEvent, context: never) => unknown) => {
    let turn = 0
    return () => handler({ ...(events[turn++ % count] as MessageEvent) }, context)
  }
  return compare([
    { name: 'hand-written table', run: over(handWritten(names)) },
    { name: 'ws-interlock', run: over(ours(names)) },
    { name: '@middy/core', run: over(onMiddy(names) as never) },
  ])
}

const Order = v.object({
  item: v.string(),
  count: v.number(),
  note: v.pipe(v.string(), v.maxLength(500)),
  express: v.boolean(),
})
const DATA = {
  item: 'a-very-long-item-number',
  count: 3,
  note: 'Please ring the bell twice, and leave it with the neighbours otherwise.',
  express: true,
}

const handle = ({ item, count }: v.InferOutput<typeof Order>) => ({ ok: true, item, count })

const handWritten = (names: readonly string[]) => {
  const table = new Map(
    names.map((name) => [name, { schema: Order, run: async (data: v.InferOutput<typeof Order>) => handle(data) }]),
  )
  return async ({ body }: MessageEvent) => {
    const { action, id, data } = JSON.parse(body ?? '')
    const route = table.get(action)
    if (!route) return { statusCode: 200, body: JSON.stringify({ action, id, error: { code: 'UNIMPLEMENTED' } }) }
    const parsed = v.safeParse(route.schema, data)
    if (!parsed.success)
      return { statusCode: 200, body: JSON.stringify({ action, id, error: { code: 'INVALID_ARGUMENT' } }) }
    return { statusCode: 200, body: JSON.stringify({ action, id, data: await route.run(parsed.output) }) }
  }
}

const ours = (names: readonly string[]) => {
  type Loose = {
    on: (name: string, schema: typeof Order, run: (context: { data: v.InferOutput<typeof Order> }) => unknown) => Loose
    build: () => (event: MessageEvent, context: never) => unknown
  }
  const open: Builder<never> | unknown = ws({ replies: 'route-response' }).onConnect(() => accept())
  return names.reduce((chain, name) => chain.on(name, Order, async ({ data }) => handle(data)), open as Loose).build()
}

const onMiddy = (names: readonly string[]) => {
  const table = new Map(names.map((name) => [name, async (data: v.InferOutput<typeof Order>) => handle(data)]))
  return middy<MessageEvent & { message?: { action: string; id: string; data: unknown } }>()
    .before(({ event }) => {
      event.message = JSON.parse(event.body ?? '')
    })
    .before(({ event }) => {
      if (event.message) event.message.data = v.parse(Order, event.message.data)
    })
    .after((request) => {
      request.response = { statusCode: 200, body: JSON.stringify({ ...request.event.message, data: request.response }) }
    })
    .handler(async ({ message }) => table.get(message?.action ?? '')?.(message?.data as v.InferOutput<typeof Order>))
}
