import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { makeId } from 'ws-interlock/testing'
import { noteOf } from '../../lib/channel/presence.ts'
import { presenceChannel } from '../../lib/store/own-channels.ts'
import { cutLate, peer, stoppedClock, wire } from '../kit/wire.ts'
import { joined, known, left, lobby } from './presence-kit.ts'

const test = suite('presence of many')

const track = { action: 'track', data: { name: 'x' } }
const counted = (count: number) => ({
  event: '$presence',
  data: { channel: 'lobby', joined: [], left: [], count },
})

/** A lobby in which so many are present, as a store has them, and bob, who is told. Each instance counts its reads. */
const crowded = async (
  present: number,
  { usersOf = (index: number) => `u${index}`, part = (store: Store) => store } = {},
) => {
  const clock = stoppedClock()
  const net = cutLate(wire(), clock)
  const store = part(memory(clock))
  const seat = async (index: number) => {
    const id = makeId()
    const at = clock.now()
    await store.records.create(id, { version: 1, connectedAt: at, ttl: at / 1000 + 60_000 })
    const note = noteOf({ key: usersOf(index), meta: { name: 'x' }, at })
    await store.memberships.join(id, presenceChannel('lobby'), note)
  }
  for (let index = 0; index < present; index++) await seat(index)
  const instance = () => {
    const pages: string[] = []
    const members: typeof store.memberships.members = (channel, ...rest) => {
      pages.push(channel)
      return store.memberships.members(channel, ...rest)
    }
    const own = { ...store, memberships: { ...store.memberships, members } }
    const app = lobby(own, { gateway: net.gateway, clock })
    const enter = async (query = '') => {
      const one = peer(app, net)
      await one.connect({ query })
      return one
    }
    /** How often anything was read of who is present since the last look. */
    const reads = () => pages.splice(0).filter((channel) => channel === presenceChannel('lobby')).length
    return { app, enter, reads }
  }
  const first = instance()
  return { ...first, instance, clock, net, bob: await first.enter() }
}

test('the 500th is told of by name, and of the 501st how many there are', async () => {
  const { enter, bob } = await crowded(499)
  await (await enter('?user=ann')).send(track)
  assert.equal(bob.taken(), [joined('ann', 'x')])
  const cid = await enter('?user=cid')
  assert.equal((await cid.send(track)).frames, [counted(501)])
  assert.equal(bob.taken(), [counted(501)])
})

test('those who come and go within two seconds are told of with the first one after', async () => {
  const { enter, bob, clock } = await crowded(600)
  const [ann, cid, dan] = [await enter('?user=ann'), await enter('?user=cid'), await enter('?user=dan')]
  await ann.send(track)
  assert.equal(bob.taken(), [counted(601)])
  clock.advance(1_000)
  await cid.send(track)
  await ann.send({ action: 'untrack' })
  await dan.send(track)
  await dan.disconnect()
  assert.equal(
    bob.taken().filter((frame) => Object(frame).event === '$presence'),
    [],
  )
  clock.advance(1_000)
  await ann.send(track)
  assert.equal(bob.taken(), [counted(602)])
})

test('of all instances one says it', async () => {
  const { enter, instance, bob, clock } = await crowded(600)
  const other = instance()
  const [ann, cid] = [await enter('?user=ann'), await other.enter('?user=cid')]
  await ann.send(track)
  await cid.send(track)
  assert.equal(bob.taken(), [counted(601)])
  clock.advance(2_000)
  await cid.send({ action: 'untrack' })
  await ann.send({ action: 'untrack' })
  assert.equal(bob.taken(), [counted(601)])
})

test('who comes into a large channel does not read it: one page to see that it is large, and none within two seconds', async () => {
  const { enter, instance, reads } = await crowded(600)
  const other = instance()
  const all = [await enter('?user=ann'), await enter('?user=cid')]
  for (const one of all) await one.send(track)
  // One to see that it is large, one to count.
  assert.is(reads(), 2)
  const more = [await other.enter('?user=dan'), await other.enter('?user=eve')]
  for (const one of more) await one.send(track)
  assert.is(other.reads(), 1)
  for (const one of more) await one.disconnect()
  assert.is(other.reads(), 0)
})

test('users are counted, and not their connections', async () => {
  const { enter, bob } = await crowded(600, { usersOf: (index) => `u${index % 200}` })
  await (await enter('?user=ann')).send(track)
  assert.equal(bob.taken(), [counted(201)])
})

test('when it is 500 again, they are told of by name again', async () => {
  const { enter, bob, clock } = await crowded(500)
  const ann = await enter('?user=ann')
  await ann.send(track)
  clock.advance(2_000)
  await ann.send({ action: 'untrack' })
  assert.equal(bob.taken(), [counted(501), left('ann')])
})

test('the more there are, the less often their number is told: 10,001 of them every six seconds', async () => {
  const { enter, instance, bob, clock } = await crowded(10_000)
  const [one, other] = [await enter('?user=ann'), await instance().enter('?user=cid')]
  await one.send(track)
  assert.equal(bob.taken(), [counted(10_001)])
  for (let second = 2; second < 6; second += 2) {
    clock.advance(2_000)
    await other.send({ action: 'untrack' })
    await other.send(track)
    assert.equal(bob.taken(), [], `after ${second} s`)
  }
  clock.advance(2_000)
  await other.send({ action: 'untrack' })
  assert.equal(bob.taken(), [counted(10_001)])
})

test('a store that cannot say whose turn it is has each instance say it', async () => {
  const { enter, instance, bob } = await crowded(600, { part: ({ blobs: _, ...store }) => store })
  await (await enter('?user=ann')).send(track)
  await (await instance().enter('?user=cid')).send(track)
  await (await enter('?user=dan')).send(track)
  assert.equal(bob.taken(), [counted(601), counted(602)])
})

test('of 100 that were lost at once those who stay are told in a few frames', async () => {
  const { enter, bob, net } = await crowded(0)
  const lost = await Promise.all(Array.from({ length: 100 }, (_, index) => enter(`?user=u${index}`)))
  for (const one of lost) await one.send(track)
  const tracked = bob.taken()
  assert.is(Object.keys(known(tracked)).length, 100)
  const before = net.posts()
  for (const { connectionId } of lost) net.cut(connectionId)
  const ann = await enter('?user=ann')
  await ann.send(track)
  const told = bob.taken()
  assert.equal(known([...tracked, ...told]), { ann: 'x' })
  assert.ok(told.length <= 6, `${told.length} frames`)
  assert.ok(net.posts() - before < 700, `${net.posts() - before} posts`)
})

test.run()
