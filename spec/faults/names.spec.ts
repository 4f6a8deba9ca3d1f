import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { connectEvent, disconnectEvent, messageEvent } from 'ws-interlock/testing'
import { setup } from 'xstate'
import { codesOf, peer, stoppedClock, wire } from '../kit/wire.ts'

const test = suite('faults: names and identity')

/** An application whose peer may say "go", and has five seconds for it. */
const going = async () => {
  const net = wire()
  const clock = stoppedClock()
  const store = memory(clock)
  const ran: unknown[] = []
  const machine = setup({ types: { events: {} as { type: 'go' } } }).createMachine({
    id: 'trip',
    initial: 'waiting',
    states: {
      waiting: { on: { go: 'gone' }, after: { 5000: 'late' } },
      gone: { on: { go: stay } },
      late: { type: 'final' },
    },
  })
  const app = ws({ gateway: net.gateway, clock })
    .store(store)
    .protocol(machine)
    .onConnect(() => accept())
    .on('go', v.optional(v.looseObject({})), ({ connection }) => {
      ran.push(connection.id)
    })
    .build()
  const one = peer(app, net)
  await one.connect()
  return { ...one, app, net, store, ran, record: () => store.records.read(one.connectionId) }
}

const bare = () => {
  const net = wire()
  const ran: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('echo', v.unknown(), ({ data }) => {
      ran.push(data)
      return data
    })
    .build()
  return { ...peer(app, net), app, ran }
}

for (const body of [
  '{"__proto__":{"admin":true}}',
  '{"action":"echo","__proto__":{"admin":true}}',
  '{"action":"echo","data":[{"__proto__":{"admin":true}}]}',
  '{"action":"echo","data":{"constructor":{"prototype":{"admin":true}}}}',
])
  test(`13. ${body} is refused, the handler does not run, and no object is an administrator`, async () => {
    const { send, ran } = bare()
    assert.equal(codesOf((await send(body)).frames), ['INVALID_ARGUMENT'])
    assert.equal(ran, [])
    assert.is(Reflect.get({}, 'admin'), undefined)
  })

test('13. a key named "constructor" that reaches no prototype is carried', async () => {
  const { send } = bare()
  const data = { constructor: 'Renzo Piano' }
  assert.equal((await send({ action: 'echo', data })).frames, [{ action: 'echo', data }])
})

const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
const lifecycle = ['$connect', '$disconnect', '$default', '$bye']
const internal = [
  'xstate.after.5000.trip.waiting',
  'xstate.stop',
  'xstate.init',
  'xstate.done.state.trip',
  'xstate.done.actor.x',
  'xstate.error.actor.x',
]
for (const [number, names] of [
  ['14.', inherited],
  ['15.', internal],
  ['16.', ['*', 'trip.*', 'go.*']],
  ['16.', lifecycle],
] as const)
  for (const action of names) {
    test(`${number} '${action}' is an unknown route`, async () => {
      const { send, ran } = bare()
      const { frames } = await send({ action, id: '1' })
      assert.equal(frames, [
        { action, id: '1', error: { code: 'UNIMPLEMENTED', message: `There is no route '${action}'.` } },
      ])
      assert.equal(ran, [])
    })

    test(`${number} '${action}' is an unknown route under a protocol, and the state is unchanged`, async () => {
      const { send, ran, record } = await going()
      const before = await record()
      assert.is(before?.state?.value, 'waiting')
      assert.equal(codesOf((await send({ action })).frames), ['UNIMPLEMENTED'])
      assert.equal(ran, [])
      assert.equal(await record(), before)
    })
  }

for (const [said, action] of [
  ['a number', 5],
  ['an object', { name: 'echo' }],
  ['an array', ['echo']],
  ['null', null],
  ['true', true],
  ['100,000 characters long', 'e'.repeat(100_000)],
] as const)
  test(`17. an action that is ${said} is refused, and not quoted`, async () => {
    const { send, ran } = bare()
    const { frames } = await send({ action, id: '1', data: 1 })
    assert.equal(codesOf(frames), ['INVALID_ARGUMENT'])
    assert.ok(JSON.stringify(frames).length < 1_000)
    assert.equal(ran, [])
  })

for (const [said, id] of [
  ['empty', ''],
  ['a number', 7],
  ['null', null],
  ['129 characters long', 'i'.repeat(129)],
] as const)
  test(`35. an id that is ${said} is refused, and the handler does not run`, async () => {
    const { send, ran } = bare()
    assert.equal(codesOf((await send({ action: 'echo', id, data: 1 })).frames), ['INVALID_ARGUMENT'])
    assert.equal(ran, [])
  })

test('27. a connectionId or a requestContext in the body changes nobody', async () => {
  const { send, app, net, ran, record, store, connectionId } = await going()
  const victim = peer(app, net)
  await victim.connect()
  const before = await store.records.read(victim.connectionId)
  const forged = { connectionId: victim.connectionId, requestContext: { connectionId: victim.connectionId } }
  const { frames } = await send({ action: 'go', id: '1', ...forged, data: forged })
  assert.equal(frames, [{ action: 'go', id: '1' }])
  assert.equal(ran, [connectionId])
  assert.is((await record())?.state?.value, 'gone')
  assert.equal(await store.records.read(victim.connectionId), before)
  assert.equal(victim.taken(), [])
})

for (const [kind, event] of Object.entries({
  connect: connectEvent(),
  message: messageEvent({ body: { action: 'echo', data: 1 } }),
  disconnect: disconnectEvent(),
}))
  for (const member of ['apiId', 'connectionId', 'eventType'])
    test(`28. a direct invoke with a ${kind} event without ${member} is refused, and nothing runs`, async () => {
      const net = wire()
      let ran = 0
      const app = ws({ gateway: net.gateway })
        .onConnect(() => void ran++)
        .on('echo', v.unknown(), () => void ran++)
        .onDisconnect(() => void ran++)
        .build()
      const handler = app as unknown as (event: unknown) => Promise<{ readonly statusCode: number }>
      const { [member]: _, ...requestContext } = event.requestContext as unknown as Record<string, unknown>
      assert.is((await handler(event)).statusCode, 200)
      assert.is(ran, 1)
      assert.is((await handler({ ...event, requestContext })).statusCode, 400)
      assert.is(ran, 1)
      assert.is(net.posts(), 0)
    })

for (const event of [undefined, null, 'x', {}, { requestContext: null }, { requestContext: 'x' }, { Records: [] }])
  test(`28. a direct invoke with ${JSON.stringify(event)} is refused`, async () => {
    const { app } = bare()
    const handler = app as unknown as (event: unknown) => Promise<{ readonly statusCode: number }>
    assert.is((await handler(event)).statusCode, 400)
  })

test.run()
