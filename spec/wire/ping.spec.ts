import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Middleware, type Options, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { messageEvent, testGateway } from 'ws-interlock/testing'
import { createMachine } from 'xstate'
import { peer, wire } from '../kit/wire.ts'

const test = suite('routes beside the order of messages')

/** A store that counts what is asked of it. */
const counted = () => {
  const calls: string[] = []
  const { records, memberships, ...rest } = memory()
  const counting = <Port extends object>(port: Port): Port =>
    Object.fromEntries(
      Object.entries(port).map(([name, call]) => [
        name,
        (...given: unknown[]) => {
          calls.push(name)
          return call(...given)
        },
      ]),
    ) as Port
  const store: Store = { ...rest, records: counting(records), memberships: counting(memberships) }
  return { store, calls }
}

/** An application that notes whatever it runs, with a protocol that allows nothing but `go`. */
const strict = (options: Options = {}) => {
  const net = wire()
  const ran: string[] = []
  const { store, calls } = counted()
  const app = ws({ gateway: net.gateway, warn: () => {}, ...options })
    .store(store)
    .connection(v.object({ n: v.number() }))
    .protocol(createMachine({ initial: 'a', states: { a: { on: { go: 'b', $default: 'b' } }, b: {} } }))
    .use(async ({ phase }, next) => {
      ran.push(phase)
      return next()
    })
    .onConnect(() => accept())
    .on('go', () => {})
    .onDefault(() => {
      ran.push('onDefault')
    })
    .onError((error) => void ran.push(String(error)))
    .build()
  return { ...peer(app, net), ran, calls }
}

test('a ping is answered, and runs no handler, no middleware and no call of the store', async () => {
  const { connect, send, ran, calls } = strict()
  await connect()
  ran.length = 0
  calls.length = 0
  assert.equal((await send({ action: '$ping', id: '7' })).frames, [{ action: '$ping', id: '7' }])
  assert.equal((await send({ action: '$ping', id: '8', dep: 9, data: [1] })).frames, [{ action: '$ping', id: '8' }])
  assert.equal(await send({ action: '$ping' }), { statusCode: 200, frames: [] })
  assert.equal([ran, calls], [[], []])
})

test('where replies are route responses, the answer is the body', async () => {
  const { handle, connect, connectionId } = strict({ replies: 'route-response' })
  await connect()
  const answer = await handle(messageEvent({ connectionId, body: { action: '$ping', id: '7' } }))
  assert.equal(answer, { statusCode: 200, body: '{"action":"$ping","id":"7"}' })
})

test('where API Gateway selects routes, a ping is what $default selects', async () => {
  const app = ws({ routeBy: 'routeKey', warn: () => {} })
    .onConnect(() => accept())
    .on('go', () => 'gone')
    .onDefault(() => 'a stranger')
    .build()
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  ann.send({ action: '$ping', id: '1' })
  assert.equal(await ann.next(), { action: '$ping', id: '1' })
  assert.is((await ann.request('go')).data, 'gone')
  await gateway.close()
})

test("no hint leads to a route of the library's own", async () => {
  const net = wire()
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .build()
  const [frame] = (await peer(app, net).send({ action: 'ping' })).frames as readonly { error: { message: string } }[]
  assert.is(frame?.error.message, "There is no route 'ping'.")
})

/** A middleware that brings a route of its own. */
const bringing = (reads: boolean) => {
  const layer: Middleware = async (_, next) => next()
  const input = v.object({ n: v.number() })
  const run = ({ data, phase }: { data: { n: number }; phase: string }) => `${phase} ${data.n}`
  return Object.assign(layer, { '~routes': [{ name: '$count', input, run }], ...(reads && { '~reads': true }) })
}

test('a middleware brings its route, which is checked by its schema and asks for no leave', async () => {
  const net = wire()
  const { store, calls } = counted()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(store)
    .protocol(createMachine({ initial: 'a', states: { a: { on: { go: 'b' } }, b: {} } }))
    .use(bringing(false))
    .onConnect(() => accept())
    .on('go', () => {})
    .build()
  const { connect, send } = peer(app, net)
  await connect()
  calls.length = 0
  assert.equal((await send({ action: '$count', id: '1', data: { n: 5 } })).frames, [
    { action: '$count', id: '1', data: 'message 5' },
  ])
  const [frame] = (await send({ action: '$count', id: '2', data: {} })).frames as readonly { error: { code: string } }[]
  assert.is(frame?.error.code, 'INVALID_ARGUMENT')
  assert.equal(calls, [])
})

for (const [reads, expected] of [
  [true, ['read']],
  [false, []],
] as const)
  test(`with a middleware that ${reads ? 'wants to see' : 'does not ask for'} records, a message reads ${expected.length} of them`, async () => {
    const net = wire()
    const { store, calls } = counted()
    const app = ws({ gateway: net.gateway })
      .store(store)
      .use(bringing(reads))
      .onConnect(() => accept())
      .on('go', () => {})
      .build()
    const { connect, send } = peer(app, net)
    await connect()
    calls.length = 0
    await send({ action: 'go' })
    assert.equal(calls, expected)
  })

test('a middleware that wants to see records needs a store', () => {
  assert.throws(() => ws().use(bringing(true)).build(), /What is kept needs a store/)
})

test.run()
