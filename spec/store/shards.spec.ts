import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { dynamodb } from 'ws-interlock/store/dynamodb'
import { redis } from 'ws-interlock/store/redis'
import { makeId } from 'ws-interlock/testing'
import { counted, membersOf, membersOfShard, record } from '../../lib/conformance/made.ts'
import { createTable, dynalite, dynamodbLocal, needsDynamodbLocal } from '../kit/dynamodb.ts'
import { needs } from '../kit/needs.ts'
import { redisOf } from '../kit/redis.ts'

const test = suite('shards, as several instances know of them')
const { client, end } = redisOf()
test.after(end)

const stopped = () => {
  const at = Date.now()
  return () => at
}

const onLocal = async () => {
  const { endpoint } = await dynamodbLocal()
  const tableName = await createTable(endpoint)
  return () => dynamodb({ tableName, endpoint, now: stopped() })
}

/** The clocks of these do not go on, so that none of them asks again how many shards there are. */
const STORES: readonly (readonly [where: string, run: ReturnType<typeof needs>, make: () => Promise<() => Store>])[] = [
  ['DynamoDB Local', needsDynamodbLocal(test), onLocal],
  [
    'dynalite',
    (claim, check) => test(claim, check),
    async () => {
      const { endpoint } = await dynalite()
      const tableName = await createTable(endpoint)
      return () => dynamodb({ tableName, endpoint, env: {}, transactions: false, now: stopped() })
    },
  ],
  [
    'Redis',
    needs(test, 'redis-server'),
    async () => {
      const shared = await client()
      const prefix = `${makeId()}:`
      return () => redis(shared, { prefix, now: stopped() })
    },
  ],
]

/** Two instances, of which one has grown the channel, and the other has heard of it before it had. */
const instances = async (make: () => Promise<() => Store>) => {
  const instance = await make()
  const [old, young, channel] = [instance(), instance(), makeId()]
  const enter = async (count: number, store: Store, note?: string) => {
    const ids = Array.from({ length: count }, makeId)
    for (const id of ids) {
      await store.records.create(id, record())
      assert.is(await store.memberships.join(id, channel, note), true)
    }
    return ids
  }
  const early = await enter(8, old, 'early')
  await young.memberships.grow?.(channel, 8)
  return { old, young, channel, enter, early }
}

const sorted = (ids: readonly string[]) => [...ids].sort()

for (const [where, run, make] of STORES) {
  run(`${where}: who joins by an instance that has not heard of the growth is found by all, and once`, async () => {
    const { old, young, channel, enter, early } = await instances(make)
    const late = await enter(8, old)
    const ids = [...early, ...late, ...(await enter(8, young))]
    for (const store of [old, young]) {
      assert.is(await store.memberships.shards?.(channel), 8)
      assert.equal(sorted(await membersOf(store, channel)), sorted(ids))
      for (const id of ids) assert.is(await store.memberships.has(id, channel), true)
      for (const id of early) assert.is(await store.memberships.note?.(id, channel), 'early')
    }
    assert.ok((await membersOfShard(old, channel, 0)).length >= 16)
  })

  run(`${where}: who joins again by another instance stays in the one row that it has, with the new note`, async () => {
    const { old, young, channel, enter, early } = await instances(make)
    const late = await enter(8, young, 'late')
    for (const id of early) assert.is(await young.memberships.join(id, channel, 'again'), true)
    for (const id of late) assert.is(await old.memberships.join(id, channel, 'again'), true)
    assert.equal(sorted(await membersOf(young, channel)), sorted([...early, ...late]))
    for (const id of [...early, ...late])
      for (const store of [old, young]) assert.is(await store.memberships.note?.(id, channel), 'again')
  })

  run(`${where}: who leaves by another instance than it joined by is in no shard`, async () => {
    const { old, young, channel, enter, early } = await instances(make)
    const late = await enter(8, young)
    for (const id of early) await young.memberships.leave(id, channel)
    for (const id of late) await old.memberships.leave(id, channel)
    assert.equal(await membersOf(young, channel), [])
    for (const id of [...early, ...late]) assert.equal(await young.memberships.channels(id), [])
  })
}

needsDynamodbLocal(test)(
  'DynamoDB Local: a commit joins and leaves where the rows are, whoever wrote them',
  async () => {
    const { old, young, channel, enter, early } = await instances(onLocal)
    const late = await enter(8, young)
    const other = makeId()
    const swap = { join: [other], leave: [channel] }
    for (const id of early) assert.equal(await young.commit?.(id, 1, counted(2, 1), swap), { ok: true })
    for (const id of late) assert.equal(await old.commit?.(id, 1, counted(2, 1), swap), { ok: true })
    assert.equal(await membersOf(young, channel), [])
    assert.equal(sorted(await membersOf(old, other)), sorted([...early, ...late]))
    const [id = ''] = late
    assert.equal(await old.commit?.(id, 1, counted(9, 9), { join: [channel], leave: [] }), {
      ok: false,
      current: counted(2, 1),
    })
    assert.equal(await membersOf(young, channel), [])
  },
)

test.run()
