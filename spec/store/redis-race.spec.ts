import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { type IoredisClient, type RedisClient, redis } from 'ws-interlock/store/redis'
import { makeId } from 'ws-interlock/testing'
import { CLOSED, membersOf, record } from '../../lib/conformance/made.ts'
import { shardOf } from '../../lib/store/shards.ts'
import { needs } from '../kit/needs.ts'
import { CLIENTS, redisOf } from '../kit/redis.ts'
import { interleave, type Turn } from '../kit/wire.ts'

const test = suite('redis store: races and deaths')
const onRedis = needs(test, 'redis-server')
const { client, end } = redisOf()
test.after(end)

/** The client, which does `before` ahead of each call to the server. */
const ahead = (client: RedisClient, before: () => Promise<void>): IoredisClient => {
  const { evalsha, eval: whole } = client as IoredisClient
  return {
    evalsha: async (...given) => {
      await before()
      return evalsha.apply(client, given)
    },
    eval: (...given) => whole.apply(client, given),
  }
}

/** What a disconnect does: the tombstone first, then a leave of every channel that the connection is in. */
const close = async ({ records, memberships }: Store, id: string) => {
  const current = await records.read(id)
  if (current && !current.closed)
    await records.replace(id, current.version, { ...current, version: current.version + 1, closed: CLOSED })
  for (const channel of await memberships.channels(id)) await memberships.leave(id, channel)
}

const join = (store: Store, id: string) => store.memberships.join(id, CHANNEL)
const leave = (store: Store, id: string) => store.memberships.leave(id, CHANNEL)
const CHANNEL = 'lobby'

/** Where a connection stands: a member, and what its own list of channels says. */
const standing = async ({ memberships }: Store, id: string) => ({
  member: await memberships.has(id, CHANNEL),
  listed: (await memberships.channels(id)).includes(CHANNEL),
})

/** Run two of them against each other in every order that their calls can take, each time with a new connection. */
const everyOrder = async (
  [one, other]: readonly [Step, Step],
  [ones, others]: readonly [number, number],
  check: (store: Store, id: string, results: readonly unknown[]) => Promise<void>,
  before: Step = async () => {},
) => {
  const base = await client()
  const plain = redis(base)
  const orders = merges(ones, others)
  for (const order of orders) {
    const id = makeId()
    await plain.records.create(id, record())
    await before(plain, id)
    const actor = (step: Step) => (turn: Turn) => step(redis(ahead(base, turn)), id)
    await check(plain, id, await interleave(order, [actor(one), actor(other)]))
  }
  return orders.length
}

type Step = (store: Store, id: string) => Promise<unknown>

/** Every way to merge so many steps of actor 0 and so many of actor 1. */
const merges = (zeros: number, ones: number): number[][] => [
  ...(zeros > 0 ? merges(zeros - 1, ones).map((rest) => [0, ...rest]) : []),
  ...(ones > 0 ? merges(zeros, ones - 1).map((rest) => [1, ...rest]) : []),
  ...(zeros === 0 && ones === 0 ? [[]] : []),
]

onRedis(
  '63. a join that races with the close of its connection leaves no member, in any order of their calls',
  async () => {
    const won = { true: 0, false: 0 }
    // Five calls of a join that is refused at last; six of a close that finds a channel.
    const orders = await everyOrder([join, close], [5, 6], async (store, id, [joined]) => {
      won[`${joined === true}`]++
      assert.equal(await standing(store, id), { member: false, listed: false })
    })
    assert.is(orders, 462)
    assert.ok(won.true > 0 && won.false > 0, JSON.stringify(won))
  },
)

onRedis('the same where it was a member before', async () => {
  await everyOrder(
    [join, close],
    [5, 6],
    async (store, id) => assert.equal(await standing(store, id), { member: false, listed: false }),
    join,
  )
})

onRedis('a join that races with a leave never makes a member whom a close would not find', async () => {
  for (const before of [undefined, join])
    await everyOrder(
      [join, leave],
      [3, 3],
      async (store, id) => {
        const { member, listed } = await standing(store, id)
        assert.ok(listed || !member)
        await close(store, id)
        assert.equal(await standing(store, id), { member: false, listed: false })
      },
      before,
    )
})

onRedis('of two functions that close a connection, each finishes what the other has not', async () => {
  await everyOrder(
    [close, close],
    [6, 6],
    async (store, id) => assert.equal(await standing(store, id), { member: false, listed: false }),
    join,
  )
})

onRedis('a join that races with a leave and a join elsewhere, for the channel has grown, is in one shard', async () => {
  const base = await client()
  const prefix = `${makeId()}:`
  const plain = redis(base, { prefix })
  let before = async () => {}
  const knowing = redis(
    ahead(base, () => before()),
    { prefix },
  )
  await knowing.memberships.grow?.(CHANNEL, 8)
  // Four calls and more of a join in the first shard; seven of a leave and of a join in another one.
  for (const order of merges(4, 7)) {
    const id = elsewhere()
    await plain.records.create(id, record())
    const [joined] = await interleave(order, [
      (turn: Turn) => join(redis(ahead(base, turn), { prefix }), id),
      async (turn: Turn) => {
        before = turn
        await knowing.memberships.leave(id, CHANNEL)
        return knowing.memberships.join(id, CHANNEL)
      },
    ])
    before = async () => {}
    assert.is(joined, true)
    const found = (await membersOf(plain, CHANNEL)).length
    assert.ok(found <= 1, `${order}: ${found} times`)
    assert.ok((await standing(plain, id)).listed || found === 0, String(order))
    await close(plain, id)
    assert.equal(await standing(plain, id), { member: false, listed: false })
    assert.equal(await membersOf(plain, CHANNEL), [], String(order))
  }
})

/** An id that goes into another shard where a channel has eight than where it has one. */
const elsewhere = (): string => {
  const id = makeId()
  return shardOf(id, 8) > 0 ? id : elsewhere()
}

/** Hundreds of calls at once take a slow machine longer than a function would wait. */
const PATIENT = { timeoutMs: 60_000 }

/** How many connections a wave has: node-redis itself gives a call up after 5 s, on a slow machine too. */
const WAVE = 50

onRedis('a thousand joins and closes, fifty at once through three clients, leave no member', async () => {
  const clients = await Promise.all(Object.keys(CLIENTS).map(async (name) => redis(await client(name), PATIENT)))
  const channel = makeId()
  const ids = Array.from({ length: 1_000 }, makeId)
  const [first = redis(await client(), PATIENT)] = clients
  const race = async (id: string, index: number) => {
    const [joiner = first, closer = first] = [clients[index % 3], clients[(index + 1) % 3]]
    await joiner.records.create(id, record())
    const joining = joiner.memberships.join(id, channel)
    await close(closer, id)
    return joining
  }
  const joined: boolean[] = []
  for (let from = 0; from < ids.length; from += WAVE)
    joined.push(...(await Promise.all(ids.slice(from, from + WAVE).map(race))))
  assert.ok(joined.includes(false))
  assert.equal(await first.memberships.members(channel), { connectionIds: [] })
  assert.equal((await Promise.all(ids.map((id) => first.memberships.channels(id)))).flat(), [])
})

/** A store of a function that dies before its call number `calls`. */
const mortal = async (calls: number) => {
  let left = calls
  return redis(
    ahead(await client(), async () => {
      if (left-- === 0) throw new Error(DIED)
    }),
  )
}
const DIED = 'the function has died'
const died = (error: unknown) => {
  if (!String(error).includes(DIED)) throw error
}

onRedis(
  'a function that dies in the middle of a join or a leave leaves nothing that a close would not find',
  async () => {
    const store = redis(await client())
    for (const [step, before, calls] of [
      [join, leave, 3],
      [leave, join, 3],
      [close, join, 6],
    ] as const)
      for (let call = 0; call < calls; call++) {
        const id = makeId()
        await store.records.create(id, record())
        await before(store, id)
        await step(await mortal(call), id).then(() => assert.unreachable('it lived'), died)
        await close(store, id)
        assert.equal(await standing(store, id), { member: false, listed: false }, `${step.name}, call ${call}`)
      }
  },
)

onRedis(
  '65. who joined a connection while it was closed, and died there, leaves a row that ends with its time',
  async () => {
    const base = await client()
    let now = Date.now()
    const store = redis(base, { now: () => now })
    const id = makeId()
    const first = record()
    await store.records.create(id, first)
    let calls = 0
    const dying = ahead(base, async () => {
      calls++
      if (calls === 2) await close(store, id)
      if (calls === 3) throw new Error(DIED)
    })
    await join(redis(dying), id).then(() => assert.unreachable('it lived'), died)
    assert.equal(await standing(store, id), { member: true, listed: false })
    now = first.ttl * 1000
    assert.equal(await standing(store, id), { member: false, listed: false })
  },
)

test.run()
