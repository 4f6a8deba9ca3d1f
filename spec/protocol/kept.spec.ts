import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, stay } from 'ws-interlock'
import { connectEvent } from 'ws-interlock/testing'
import { assign, setup } from 'xstate'
import { peer } from '../kit/wire.ts'
import { codes, quiet, world } from './kit.ts'

const test = suite('protocol: what is kept')
const Any = v.undefined()

const counter = setup({
  types: {
    context: {} as { list: readonly number[] },
    events: {} as { type: 'add' } | { type: 'look' } | { type: 'end' },
  },
}).createMachine({
  id: 'counter',
  context: { list: [] },
  initial: 'open',
  states: {
    open: {
      on: {
        add: { actions: assign({ list: ({ context }) => [...context.list, context.list.length] }) },
        look: stay,
        end: 'over',
      },
    },
    over: { type: 'final', description: 'It is over.' },
  },
})

const counting = () => {
  const { net, kept, start } = world()
  const app = start
    .store(kept)
    .protocol(counter)
    .onConnect(() => accept())
    .on('add', Any, ({ snapshot }) => void Object.assign(snapshot.context, { list: [7, 7, 7], own: true }))
    .on('look', Any, ({ snapshot }) => {
      const found = structuredClone(snapshot.context.list)
      Object.assign(snapshot.context, { list: [8] })
      return found
    })
    .on('end', Any, () => {})
    .build()
  return { kept, ann: peer(app, net) }
}

test('what a handler does to its snapshot does not reach the state', async () => {
  const { ann, kept } = counting()
  await ann.connect()
  await ann.send({ action: 'add' })
  const { frames } = await ann.send({ action: 'look', id: '1' })
  assert.equal(frames, [{ action: 'look', id: '1', data: [0] }])
  await ann.send({ action: 'add' })
  assert.equal((await kept.records.read(ann.connectionId))?.state?.context, { list: [0, 1] })
})

test('a message after the end is told that it is over, and of no deadline', async () => {
  const { ann } = counting()
  await ann.connect()
  assert.equal(codes((await ann.send({ action: 'end' })).frames), ['$bye OK', '$closed'])
  const { kept, ann: bob } = counting()
  await bob.connect()
  const record = await kept.records.read(bob.connectionId)
  assert.ok(record)
  const over = { ...record, version: 2, state: { value: 'over', context: { list: [] }, done: true as const } }
  await kept.records.replace(bob.connectionId, 1, over)
  const { frames } = await bob.send({ action: 'look', id: '1' })
  assert.equal(codes(frames), ['FAILED_PRECONDITION', '$closed'])
})

test('a connection that is older than the protocol is told to connect again, not cut off', async () => {
  const { ann, kept } = counting()
  await kept.records.create(ann.connectionId, { version: 1, connectedAt: 0, ttl: 4_000_000_000 })
  const { frames } = await ann.send({ action: 'look', id: '1' })
  assert.equal(codes(frames), ['FAILED_PRECONDITION'])
})

test('an initial state above 64 KB lets nobody in, and leaves no record', async () => {
  const { net, kept, start } = world()
  const log = quiet()
  const large = setup({ types: { events: {} as { type: 'look' } } }).createMachine({
    context: { text: 'x'.repeat(70_000) },
    initial: 'open',
    states: { open: { on: { look: stay } } },
  })
  const app = start
    .store(kept)
    .protocol(large)
    .onConnect(() => accept())
    .on('look', Any, () => {})
    .build()
  const ann = peer(app, net)
  assert.is((await ann.connect()).statusCode, 500)
  log.restore()
  assert.match(String(log.log[0]), /text/)
  assert.is(await kept.records.read(ann.connectionId), undefined)
})

test("no id of a peer's makes the idempotency key of a message without one", async () => {
  const { net, start } = world()
  const keys: string[] = []
  const app = start
    .onConnect(() => accept())
    .on('pay', Any, ({ idempotencyKey }) => void keys.push(idempotencyKey))
    .build()
  const ann = peer(app, net)
  await ann.send({ action: 'pay' }, { messageId: 'M1=' })
  await ann.send({ action: 'pay', id: 'M1=' })
  await ann.send({ action: 'pay', id: '#M1=' })
  assert.is(new Set(keys).size, 3)
})

test('a handshake names the user agent of its headers, as AWS does', () => {
  const { requestContext } = connectEvent({ headers: { 'user-agent': 'curl/8' } })
  assert.is(requestContext.identity.userAgent, 'curl/8')
})

test.run()
