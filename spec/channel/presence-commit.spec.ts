import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'
import { latch, peer, stoppedClock, wire } from '../kit/wire.ts'
import { code } from './kit.ts'
import { joined, known, left, lobby } from './presence-kit.ts'

const test = suite('presence and the commit')

interface Acts {
  readonly join: () => Promise<void>
  readonly leave: () => Promise<void>
  readonly track: (meta: unknown) => Promise<void>
  readonly untrack: () => Promise<void>
  readonly identify: (user: string) => Promise<void>
}

/** A lobby whose door is a state. `body` is what the one message does by which one enters. */
const guarded = (body: (acts: Acts) => unknown, part: (store: Store) => Store = (store) => store) => {
  const net = wire()
  const clock = stoppedClock()
  const errors: unknown[] = []
  const machine = createMachine({ initial: 'out', states: { out: { on: { enter: 'in' } }, in: {} } })
  const app = ws({ gateway: net.gateway, clock, warn: () => {} })
    .store(part(memory(clock)))
    .channels({ presence: v.object({ name: v.string() }) })
    .protocol(machine)
    .onConnect(async ({ query, channel }) => {
      if (query.has('in')) await channel('lobby').join()
      return accept()
    })
    .onError((error) => void errors.push(error))
    .on('enter', async ({ channel, connection }) => {
      const { join, leave, presence } = channel('lobby')
      const track = (meta: unknown) => presence.track(meta as never)
      await body({ join, leave, track, untrack: presence.untrack, identify: connection.identify })
    })
    .build()
  const enter = async (query = '') => {
    const one = peer(app, net)
    await one.connect({ query })
    return one
  }
  return { enter, errors, list: () => app.server.channel('lobby').presence.list() }
}

const ANN = { name: 'Ann' }
const apart = ({ commit: _, ...store }: Store): Store => store

for (const [how, part] of [
  ['together', (store: Store) => store],
  ['one after the other', apart],
] as const) {
  test(`${how}: who joins, says who it is and is present in one message, is told of once that is stored`, async () => {
    const [began, go] = [latch(), latch()]
    const { enter, list } = guarded(async ({ join, identify, track }) => {
      await join()
      await track(ANN)
      await identify('ann')
      began.open()
      await go.passed
    }, part)
    const bob = await enter('?in')
    const ann = await enter()
    const entering = ann.send({ action: 'enter' })
    await began.passed
    assert.equal(await list(), [])
    assert.equal(bob.taken(), [])
    go.open()
    await entering
    assert.equal(await list(), [{ key: 'ann', meta: ANN, connections: 1 }])
    assert.equal(known(bob.taken()), { ann: 'Ann' })
  })

  test(`${how}: a handler that fails leaves nobody present, and nobody told`, async () => {
    const { enter, list } = guarded(async ({ join, track }) => {
      await join()
      await track(ANN)
      throw new RangeError('no')
    }, part)
    const bob = await enter('?in')
    assert.is(code((await (await enter()).send({ action: 'enter' })).frames), 'INTERNAL')
    assert.equal(await list(), [])
    assert.equal(bob.taken(), [])
  })

  test(`${how}: who was present and left in one message is told of, and then that it left`, async () => {
    const { enter, list } = guarded(async ({ join, track, leave }) => {
      await join()
      await track(ANN)
      await leave()
    }, part)
    const bob = await enter('?in')
    const ann = await enter()
    await ann.send({ action: 'enter' })
    assert.equal(await list(), [])
    assert.equal(known(bob.taken()), {})
  })
}

for (const [what, meta, told, message] of [
  ['does not fit the schema', { name: 1 }, 'INTERNAL', /What is said of whoever is present is not valid/],
  ['is larger than 256 bytes', { name: 'é'.repeat(123) }, 'RESOURCE_EXHAUSTED', /takes 257 bytes; 256 are allowed/],
] as const)
  test(`what ${what} fails the message before its commit`, async () => {
    const { enter, errors, list } = guarded(({ track }) => track(meta))
    const ann = await enter('?in')
    assert.is(code((await ann.send({ action: 'enter' })).frames), told)
    assert.match(String(errors), message)
    assert.equal(await list(), [])
  })

test('256 bytes can be said', async () => {
  const meta = { name: `${'é'.repeat(122)}x` }
  const { enter, list } = guarded(({ track }) => track(meta))
  const ann = await enter('?in')
  await ann.send({ action: 'enter' })
  assert.equal(await list(), [{ key: ann.connectionId, meta, connections: 1 }])
})

test('whoever does not use the compiler is told to declare presence', async () => {
  const errors: unknown[] = []
  const net = wire()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(memory())
    .onConnect(({ channel }) => channel('lobby').join())
    .onError((error) => void errors.push(error))
    .on('track', async ({ channel }) => {
      const { presence } = channel('lobby') as unknown as { readonly presence: Acts }
      await presence.track({})
    })
    .build()
  const ann = peer(app, net)
  await ann.connect()
  assert.is(code((await ann.send({ action: 'track' })).frames), 'INTERNAL')
  assert.match(String(errors), /declare it with \.channels\(\{ presence: schema \}\)/)
})

/** The lobby of two functions, the first of which dies as soon as ann has a seat. */
const dying = async () => {
  const net = wire()
  const clock = stoppedClock()
  const store = memory(clock)
  const died = latch()
  const join: Store['memberships']['join'] = async (...given) => {
    await store.memberships.join(...given)
    died.open()
    return new Promise<never>(() => {})
  }
  const first = lobby({ ...store, memberships: { ...store.memberships, join } }, { gateway: net.gateway, clock })
  const second = lobby(store, { gateway: net.gateway, clock })
  const [bob, ann] = [peer(second, net), peer(second, net)]
  await bob.connect()
  await ann.connect({ query: '?user=ann' })
  void peer(first, net, ann.connectionId).send(TRACK)
  await died.passed
  return { bob, ann, clock, list: () => second.server.channel('lobby').presence.list() }
}

const TRACK = { action: 'track', data: ANN }

test('a function that dies between the seat and the word leaves the word to the next try of its message', async () => {
  const { bob, ann, list } = await dying()
  assert.equal(await list(), [{ key: 'ann', meta: ANN, connections: 1 }])
  assert.equal(bob.taken(), [])
  await ann.send(TRACK)
  assert.equal(bob.taken(), [joined('ann', 'Ann')])
  await ann.send(TRACK)
  assert.equal(bob.taken(), [])
})

test('a try so late that the first one must have come through or given up says nothing again', async () => {
  const { bob, ann, clock } = await dying()
  clock.advance(61_000)
  await ann.send(TRACK)
  assert.equal(bob.taken(), [])
})

test('who leaves is told of though nobody was told that it came', async () => {
  const { bob, ann, list } = await dying()
  await ann.disconnect()
  assert.equal(await list(), [])
  assert.equal(bob.taken()[0], left('ann'))
})

test.run()
