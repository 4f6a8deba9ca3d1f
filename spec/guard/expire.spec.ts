import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { BYE, machine, on, SECOND, START, verify } from './kit.ts'

const test = suite('connection.expire()')

const ENDED = { code: 1000, reason: 'Connection Closed Normally' }

/** An application with a route of its own that says who is there, and until when. */
const own = () => {
  const ran: string[] = []
  const app = ws({ warn: () => {} })
    .store(memory())
    .connection(v.object({}))
    .onConnect(() => accept())
    .on('auth', v.string(), async ({ data, connection }) => {
      const { userId = '', expiresAt = 0 } = verify(data)
      await connection.identify(userId)
      await connection.expire(expiresAt)
      return [connection.userId ?? null, connection.expiresAt ?? null]
    })
    .on('who', ({ connection }) => {
      ran.push('who')
      return connection.expiresAt
    })
    .build()
  return { app, ran }
}

test('a route of your own sets the end by connection.expire(), and nothing is asked for', () => {
  const { app, ran } = own()
  return on(app, async (gateway) => {
    const ann = await gateway.connect()
    assert.equal((await ann.request('auth', 'ann/300')).data, ['ann', START + 300_000])
    await gateway.advance(299 * SECOND)
    assert.is((await ann.request('who')).data, START + 300_000)
    await gateway.advance(SECOND)
    assert.is((await ann.request('who')).error?.code, 'UNAUTHENTICATED')
    assert.equal(await ann.untilClosed(), ENDED)
    assert.equal(ann.received.slice(-1), [BYE])
    assert.equal(ran, ['who'])
  })
})

test('connection.expire() is refused for what is no time, and where nobody would look at it', async () => {
  const errors: unknown[] = []
  const stored = ws({ warn: () => {} }).store(memory())
  type Asked = { readonly data: unknown; readonly connection: { readonly expire: (at: number) => Promise<void> } }
  // As from JavaScript, where nobody checks.
  const until = ({ data, connection }: Asked) => connection.expire(data as number)
  const blame = (error: unknown) => void errors.push(error)
  const enter = () => accept()
  const story = (app: object, ...times: unknown[]) =>
    on<object>(app, async (gateway) => {
      const ann = await gateway.connect()
      for (const at of times) assert.is((await ann.request('until', at)).error?.code, 'INTERNAL')
    })
  const kept = stored.connection(v.object({}))
  await story(kept.onConnect(enter).on('until', v.unknown(), until).onError(blame).build(), 'soon', 1.5, 1_790_000_000)
  await story(stored.onConnect(enter).on('until', v.unknown(), until).onError(blame).build(), START + 1_000)
  assert.equal(
    errors.map((error) => String(error)),
    [
      ...Array(2).fill('TypeError: A time in epoch milliseconds, a whole number, is missing in connection.expire().'),
      'TypeError: A time is in milliseconds, and this one looks like seconds: multiply it by 1000. (connection.expire())',
      'TypeError: Nobody would look at the time: expire() needs a protocol, .connection(schema) or token(), which read the record.',
    ],
  )
})

test('under a claim the end is kept with the commit, and not where the handler fails', () => {
  let fails = true
  const app = ws({ warn: () => {} })
    .store(memory())
    .protocol(machine)
    .onConnect(() => accept())
    .on('enter', () => {})
    .on('nap', async ({ connection }) => {
      await connection.expire(START + 300_000)
      if (fails) throw new Error('nobody')
    })
    .on('who', async ({ connection }) => connection.expiresAt ?? null)
    .onError(() => {})
    .build()
  return on(app, async (gateway) => {
    const ann = await gateway.connect()
    await ann.request('enter')
    assert.is((await ann.request('nap')).error?.code, 'INTERNAL')
    assert.is((await ann.request('who')).data, null)
    fails = false
    await ann.request('nap')
    assert.is((await ann.request('who')).data, START + 300_000)
  })
})

test.run()
