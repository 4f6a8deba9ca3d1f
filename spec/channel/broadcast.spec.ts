import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { latch } from '../kit/wire.ts'
import { delivered, gone, hall, inTrips, membersIn, printed, throttled, turn } from './hall.ts'

const test = suite('a broadcast among members who are slow, full or gone')

const sum = { delivered: 0, gone: 0, throttled: 0, failed: 0, deferred: 0 }

test('83. of 20,000 members 5 % are gone, 2 % are throttled in bursts and one hangs: all others get it, once', async () => {
  const COUNT = 20_000
  const got = new Map<string, number>()
  const burst = new Set<string>()
  const [allOthers, slow] = [latch(), 'member15000']
  let most = 0
  let flying = 0
  const { say, store, ids } = await hall({
    members: COUNT,
    post: async (id) => {
      most = Math.max(most, ++flying)
      await (id === slow ? allOthers.passed : turn())
      flying--
      const index = Number(id.slice(6))
      if (index % 20 === 3) return gone
      // Bursts: a hundred in a row, all five thousand.
      if (index % 5_000 >= 4_900 && !burst.has(id)) {
        burst.add(id)
        return throttled
      }
      got.set(id, (got.get(id) ?? 0) + 1)
      if (got.size === COUNT * 0.95 - 1) allOthers.open()
      return delivered
    },
  })
  assert.equal(await say(), { ...sum, delivered: 19_000, gone: 1_000 })
  assert.is(burst.size, 380)
  const reachable = ids.filter((_, index) => index % 20 !== 3)
  assert.equal(new Set(got.keys()), new Set(reachable))
  assert.ok([...got.values()].every((times) => times === 1))
  assert.equal(new Set(await membersIn(store)), new Set(reachable))
  assert.is(most, 50)
})

test('one 429 halves how many are under way, and each round trip without one adds one, up to fifty', async () => {
  const { post, sizes } = inTrips((id, trip) => (trip === 0 && id === 'member3' ? throttled : delivered))
  const { say } = await hall({ members: 1_200, post })
  assert.equal(await say(), { ...sum, delivered: 1_200 })
  assert.equal(sizes.slice(0, 5), [50, 25, 26, 27, 28])
  assert.equal(sizes.slice(25, 28), [49, 50, 50])
})

test('many 429 of one round trip halve it once, and those of the next one once more', async () => {
  const { post, sizes } = inTrips((id, trip) => (trip < 3 && Number(id.slice(6)) % 2 === 0 ? throttled : delivered))
  const { say } = await hall({ members: 300, post })
  assert.equal(await say(), { ...sum, delivered: 300 })
  assert.equal(sizes.slice(0, 4), [50, 25, 12, 6])
})

test('a full peer is tried three times, with full jitter, and is left alone; the others get theirs meanwhile', async () => {
  const tries: string[] = []
  const { say, waits, store } = await hall({
    members: 200,
    random: () => 0.25,
    post: async (id) => {
      tries.push(id)
      return id === 'member5' ? throttled : delivered
    },
  })
  const lines = await printed(async () => assert.equal(await say(), { ...sum, delivered: 199, throttled: 1 }))
  assert.equal(waits, [25, 50])
  assert.is(tries.filter((id) => id === 'member5').length, 3)
  assert.is(tries.length, 202)
  assert.match(String(lines), "throttled all 3 posts of a broadcast to connection 'member5'. Its peer reads too slowly")
  assert.is((await membersIn(store)).length, 200)
})

test('fifty full peers are told from an account that is throttled: the others get through, and they are given up', async () => {
  const tries = new Map<string, number>()
  const isFull = (id: string) => Number(id.slice(6)) % 20 === 19
  const { post } = inTrips((id) => {
    tries.set(id, (tries.get(id) ?? 0) + 1)
    return isFull(id) ? throttled : delivered
  })
  const { say } = await hall({ members: 1_000, post, turns: 40 })
  await printed(async () => assert.equal(await say(), { ...sum, delivered: 950, throttled: 50 }))
  const most = Math.max(...tries.values())
  assert.ok(most < 8, `One was tried ${most} times.`)
})

test('a wait is no shorter than what the gateway asks for, before the jitter', async () => {
  let isFirst = true
  const { say, waits } = await hall({
    members: 3,
    random: () => 0.5,
    post: async () => {
      if (!isFirst) return delivered
      isFirst = false
      return { outcome: 'throttled', retryAfterMs: 1_200 }
    },
  })
  assert.is((await say()).delivered, 3)
  assert.equal(waits, [600])
})

test('where everybody is throttled for a while, nobody is given up', async () => {
  const { post } = inTrips((_, trip) => (trip < 40 ? throttled : delivered))
  const { say } = await hall({ members: 100, post })
  assert.equal(await say(), { ...sum, delivered: 100 })
})

test('one whose outcome is unknown is tried once more, and then it failed', async () => {
  const tries: string[] = []
  const { say } = await hall({
    members: 10,
    post: async (id) => {
      tries.push(id)
      const isFirst = tries.indexOf(id) === tries.length - 1
      if (id === 'member1' || (id === 'member2' && isFirst)) throw new Error(`POST to ${id}: socket hang up`)
      return delivered
    },
  })
  const lines = await printed(async () => assert.equal(await say(), { ...sum, delivered: 9, failed: 1 }))
  assert.is(tries.length, 12)
  assert.equal(lines.map(String), ['Error: POST to member1: socket hang up'])
})

test('what befalls a thousand members alike is told once', async () => {
  for (const [delivery, told] of [
    [{ outcome: 'tooLarge', bytes: 140_000, maxBytes: 131_072 }, /takes 140000 bytes; API Gateway carries 131072/],
    [{ outcome: 'forbidden', reason: 'Allow execute-api:ManageConnections.' }, /Allow execute-api:ManageConnections/],
  ] as const) {
    const { say } = await hall({ members: 1_000, post: async () => delivery })
    const lines = await printed(async () => assert.equal(await say(), { ...sum, failed: 1_000 }))
    assert.is(lines.length, 1)
    assert.match(String(lines[0]), told)
  }
  const { say } = await hall({
    members: 1_000,
    post: async (id) => {
      throw new Error(`POST to ${id} failed`, { cause: new Error('it answered 503') })
    },
  })
  const lines = await printed(async () => assert.equal(await say(), { ...sum, failed: 1_000 }))
  assert.is(lines.length, 1)
})

test('a store that is slow to forget holds up no post', async () => {
  const allPosted = latch()
  let posts = 0
  const { say, store } = await hall({
    members: 500,
    post: async (id) => {
      if (++posts === 500) allPosted.open()
      return Number(id.slice(6)) < 100 ? gone : delivered
    },
    seen: (store) => ({
      ...store,
      records: {
        ...store.records,
        read: async (id) => {
          await allPosted.passed
          return store.records.read(id)
        },
      },
    }),
  })
  assert.equal(await say(), { ...sum, delivered: 400, gone: 100 })
  assert.is((await membersIn(store)).length, 400)
})

test('a member without a connection is removed like one that is gone', async () => {
  const { say, store } = await hall({
    members: 2,
    post: async (id) => (id === 'member1' ? gone : delivered),
    // As a store that keeps the two apart: its row is there still.
    seen: (store) => ({
      ...store,
      memberships: { ...store.memberships, members: async () => ({ connectionIds: ['member0', 'member1'] }) },
    }),
  })
  await store.records.delete('member1')
  assert.equal(await store.memberships.channels('member1'), ['hall'])
  assert.equal(await say(), { ...sum, delivered: 1, gone: 1 })
  assert.equal(await store.memberships.channels('member1'), [])
})

test.run()
