import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { latch, peer, wire } from '../kit/wire.ts'
import { known } from './presence-kit.ts'

const test = suite('nobody is present who is not there')

type Memberships = Store['memberships']

/** Ann is present where Bob looks on; the store does at some calls what a spec wants. */
const watched = async (between: (memberships: Memberships) => Partial<Memberships>) => {
  const net = wire()
  const base = memory()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store({ ...base, memberships: { ...base.memberships, ...between(base.memberships) } })
    .channels({ presence: v.object({ name: v.string() }) })
    .onConnect(async ({ channel }) => {
      await channel('lobby').join()
      return accept()
    })
    .onError(() => {})
    .on('track', ({ channel }) => channel('lobby').presence.track({ name: 'Ann' }))
    .on('untrack', ({ channel }) => channel('lobby').presence.untrack())
    .on('login', ({ connection }) => connection.identify('ann'))
    .build()
  const [bob, ann] = [peer(app, net), peer(app, net)]
  for (const one of [bob, ann]) await one.connect()
  await ann.send({ action: 'track' })
  const frames: unknown[] = []
  const seen = () => {
    frames.push(...bob.taken())
    return known(frames)
  }
  assert.is(Object.keys(seen()).length, 1)
  const list = () => app.server.channel('lobby').presence.list()
  return { ann, seen, list }
}

test('a store that fails between the two writes of identify(): whoever ends then has left', async () => {
  let isDown = false
  const { ann, seen, list } = await watched(({ join }) => ({
    join: async (id, channel, note) => {
      if (isDown && channel === '\u0001ann') throw new Error('down')
      return join(id, channel, note)
    },
  }))
  isDown = true
  await ann.send({ action: 'login' })
  await ann.disconnect()
  assert.equal([seen(), await list()], [{}, []])
})

test('a connection that ends in the middle of identify() has left', async () => {
  const [met, gate] = [latch(), latch()]
  const { ann, seen, list } = await watched(({ join }) => ({
    join: async (id, channel, note) => {
      if (channel === '\u0001ann') {
        met.open()
        await gate.passed
      }
      return join(id, channel, note)
    },
  }))
  const login = ann.send({ action: 'login' })
  await met.passed
  await ann.disconnect()
  gate.open()
  await login
  assert.equal([seen(), await list()], [{}, []])
})

test('who is somebody else by the time that it leaves has left as both', async () => {
  const [met, gate] = [latch(), latch()]
  const { ann, seen, list } = await watched(({ leave }) => ({
    leave: async (id, channel) => {
      if (channel === '\u0002lobby') {
        met.open()
        await gate.passed
      }
      return leave(id, channel)
    },
  }))
  const untrack = ann.send({ action: 'untrack' })
  await met.passed
  await ann.send({ action: 'login' })
  gate.open()
  await untrack
  assert.equal([seen(), await list()], [{}, []])
})

test('a store that fails when the others are to be told of an end is asked again', async () => {
  let failures = 0
  const { ann, seen, list } = await watched(({ members }) => ({
    members: async (...given) => {
      if (failures > 0 && failures-- > 0) throw new Error('down')
      return members(...given)
    },
  }))
  failures = 2
  await ann.disconnect()
  assert.equal([seen(), await list()], [{}, []])
})

test.run()
