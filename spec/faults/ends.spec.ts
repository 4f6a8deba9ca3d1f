import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Gateway, reject, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { setup } from 'xstate'
import { codesOf, cutLate, peer, stoppedClock, wire } from '../kit/wire.ts'

const test = suite('faults: the ends of a connection')

const machine = setup({ types: { events: {} as { type: 'join' } } }).createMachine({
  id: 'room',
  initial: 'outside',
  states: { outside: { on: { join: 'inside' } }, inside: { on: { join: 'inside' } } },
})

const room = () => {
  const clock = stoppedClock()
  const net = cutLate(wire(), clock)
  const store = memory(clock)
  const ran: string[] = []
  const app = ws({ gateway: net.gateway, clock, warn: () => {} })
    .store(store)
    .pushes({ said: v.string() })
    .protocol(machine)
    .onConnect(() => accept())
    .on('join', async ({ channel, push }) => {
      ran.push('join')
      await channel('lobby').join()
      await push('said', 'welcome')
    })
    .onDisconnect(({ snapshot }) => void ran.push(`left ${snapshot?.value}`))
    .build()
  const one = peer(app, net)
  const record = () => store.records.read(one.connectionId)
  const members = async () => (await store.memberships.members('lobby')).connectionIds
  return { ...one, app, net, clock, ran, record, members }
}

test('64. $disconnect twice runs the handler once, with the state that the connection had', async () => {
  const { connect, send, disconnect, ran, record, members } = room()
  await connect()
  await send({ action: 'join' })
  ran.length = 0
  assert.equal(await disconnect(), { statusCode: 200 })
  const buried = await record()
  assert.equal(await disconnect(), { statusCode: 200 })
  assert.equal(ran, ['left inside'])
  assert.is(buried?.closed?.by, 'disconnect')
  assert.equal(await record(), buried)
  assert.equal(await members(), [])
})

test('64. $disconnect before any message runs the handler with the initial state', async () => {
  const { connect, disconnect, ran, record } = room()
  await connect()
  await disconnect()
  await disconnect()
  assert.equal(ran, ['left outside'])
  assert.is((await record())?.state?.value, 'outside')
})

test('64. $disconnect of a connection that nobody knows is answered, and writes nothing', async () => {
  const { disconnect, record } = room()
  assert.equal(await disconnect(), { statusCode: 200 })
  assert.is(await record(), undefined)
})

test('65. where $disconnect never comes a push that finds nobody closes the record and ends the memberships', async () => {
  const { connect, send, app, net, connectionId, record, members } = room()
  await connect()
  await send({ action: 'join' })
  net.cut(connectionId)
  assert.is(await app.server.connection(connectionId).push('said', 'still there?'), false)
  assert.is((await record())?.closed?.by, 'gone')
  assert.equal(await members(), [])
})

test('65. a $disconnect that comes after a 410 runs the handler, once', async () => {
  const { connect, send, disconnect, app, net, connectionId, ran, record } = room()
  await connect()
  await send({ action: 'join' })
  ran.length = 0
  net.cut(connectionId)
  await app.server.connection(connectionId).push('said', 'still there?')
  assert.equal(ran, [])
  await disconnect()
  await disconnect()
  assert.equal(ran, ['left inside'])
  assert.is((await record())?.closed?.by, 'disconnect')
})

test('65. a 410 that comes after $disconnect changes nothing, and no handler runs again', async () => {
  const { connect, disconnect, app, net, connectionId, ran, record } = room()
  await connect()
  await disconnect()
  const buried = await record()
  net.cut(connectionId)
  assert.is(await app.server.connection(connectionId).push('said', 'still there?'), false)
  assert.equal(await record(), buried)
  await disconnect()
  assert.equal(ran, ['left outside'])
})

test('66. a message that is handled after $disconnect reaches no handler, and the socket is closed', async () => {
  const { connect, send, disconnect, ran, record, members } = room()
  await connect()
  await disconnect()
  ran.length = 0
  const before = await record()
  const { statusCode, frames } = await send({ action: 'join', id: '1' })
  assert.is(statusCode, 200)
  assert.equal(frames, ['$closed'])
  assert.equal(ran, [])
  assert.equal(await record(), before)
  assert.equal(await members(), [])
})

test('39. a message of a connection without a record reaches no handler, and the socket is closed', async () => {
  const { send, ran, record } = room()
  assert.equal((await send({ action: 'join', id: '1' })).frames, ['$closed'])
  assert.equal(ran, [])
  assert.is(await record(), undefined)
})

test('39. a record outlives the two hours of a connection, and no more than a quarter of an hour', async () => {
  const { connect, send, clock, ran } = room()
  await connect()
  clock.advance(2 * 60 * 60_000)
  await send({ action: 'join' })
  assert.equal(ran, ['join'])
  clock.advance(15 * 60_000)
  assert.equal((await send({ action: 'join' })).frames, ['$closed'])
  assert.equal(ran, ['join'])
})

test('68. a peer that is gone when its reply is sent leaves the commit standing and its memberships ended', async () => {
  const { connect, send, net, connectionId, ran, record, members } = room()
  await connect()
  net.cut(connectionId)
  assert.is((await send({ action: 'join', id: '1' })).statusCode, 200)
  assert.equal(ran, ['join'])
  const stored = await record()
  assert.is(stored?.state?.value, 'inside')
  assert.is(stored?.closed?.by, 'gone')
  assert.equal(await members(), [])
})

test('68. a reply that is throttled leaves the commit standing', async () => {
  const net = wire()
  const store = memory()
  const errors: unknown[] = []
  const post: Gateway['post'] = async () => ({ outcome: 'throttled', retryAfterMs: 400 })
  const app = ws({ gateway: { ...net.gateway, post }, warn: () => {} })
    .store(store)
    .protocol(machine)
    .onConnect(() => accept())
    .on('join', () => 'welcome')
    .onError((error) => {
      errors.push(error)
    })
    .build()
  const { connect, send, connectionId } = peer(app, net)
  await connect()
  assert.is((await send({ action: 'join', id: '1' })).statusCode, 200)
  assert.is((await store.records.read(connectionId))?.state?.value, 'inside')
  assert.equal(codesOf(errors.map((error) => ({ error }))), ['RESOURCE_EXHAUSTED'])
})

/** An application whose $connect does what it is told after it has asked to join. */
const arriving = (
  act: () => ReturnType<typeof accept> | ReturnType<typeof reject>,
  join: 'works' | 'fails' = 'works',
) => {
  const net = wire()
  const kept = memory()
  const broken = async () => {
    throw new Error('the store broke at /srv/secret')
  }
  const store = { ...kept, memberships: { ...kept.memberships, ...(join === 'fails' && { join: broken }) } }
  const ran: string[] = []
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(store)
    .protocol(machine)
    .onConnect(async ({ channel }) => {
      await channel('lobby').join()
      return act()
    })
    .on('join', () => void ran.push('join'))
    .onError(() => {})
    .build()
  const one = peer(app, net)
  const record = () => kept.records.read(one.connectionId)
  const members = async () => (await kept.memberships.members('lobby')).connectionIds
  return { ...one, ran, record, members }
}

test('67. a $connect that is let in has a record and its membership', async () => {
  const { connect, connectionId, record, members } = arriving(accept)
  assert.equal(await connect(), { statusCode: 200 })
  assert.is((await record())?.state?.value, 'outside')
  assert.equal(await members(), [connectionId])
})

test('67. a $connect whose handler throws is refused without a detail, and leaves no record and no membership', async () => {
  const { connect, record, members } = arriving(() => {
    throw new Error('the handler broke at /srv/secret')
  })
  assert.equal(await connect(), { statusCode: 500, body: 'Internal error' })
  assert.is(await record(), undefined)
  assert.equal(await members(), [])
})

test('67. a $connect that is turned away leaves no record and no membership', async () => {
  const { connect, record, members } = arriving(() => reject(403, 'Not you.'))
  assert.equal(await connect(), { statusCode: 403, body: 'Not you.' })
  assert.is(await record(), undefined)
  assert.equal(await members(), [])
})

test('67. a $connect whose membership cannot be stored is refused, and leaves no record and no membership', async () => {
  const { connect, send, ran, record, members } = arriving(accept, 'fails')
  assert.equal(await connect(), { statusCode: 500, body: 'Internal error' })
  assert.is(await record(), undefined)
  assert.equal(await members(), [])
  await send({ action: 'join' })
  assert.equal(ran, [])
})

test.run()
