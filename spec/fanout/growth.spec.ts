import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { sqsOf } from '../kit/sqs.ts'
import { quiet } from '../protocol/kit.ts'
import { crowd, DONE, filled, living } from './kit.ts'

const test = suite('fanout: channels that grow')
const sqs = sqsOf()
test.after(sqs.end)

const hello = { text: 'hello' }

/** Do something before each page of members that is read from now on. */
const beforePages = (store: Store, run: (page: number) => Promise<unknown>) => {
  const { members } = store.memberships
  let pages = 0
  const slow: typeof members = async (...given) => {
    await run(pages++)
    return members(...given)
  }
  Object.assign(store, { memberships: { ...store.memberships, members: slow } })
}

/** Note what a channel is to grow to. */
const growths = (store: Store) => {
  const { grow } = store.memberships
  const asked: number[] = []
  const noted = async (channel: string, shards: number) => {
    asked.push(shards)
    await grow?.(channel, shards)
  }
  Object.assign(store, { memberships: { ...store.memberships, grow: noted } })
  return asked
}

test('85. A channel that grows during a broadcast, and members that join meanwhile: nobody of plan time is lost', async () => {
  const queue = await sqs.queue()
  const { channel, fill, line, store, work } = crowd(queue)
  const before = await fill(3_000)
  await channel().broadcast('said', hello)
  const late: string[] = []
  beforePages(store, async (page) => {
    await store.memberships.grow?.('lobby', 2 ** Math.min(page + 1, 5))
    late.push(...(await filled(store, 100, 'lobby', 3_000 + page * 100)))
  })
  let posts = 0
  line.meets = async () => {
    if (posts++ % 500 === 0) late.push(...(await filled(store, 10, 'lobby', 10_000 + posts)))
    return undefined
  }
  await queue.drain(work)
  assert.ok(late.length >= 300)
  assert.equal(line.counts(before), Array(3_000).fill(1))
  assert.ok(line.counts(late).every((count) => count <= 1))
  assert.ok(Number(await store.memberships.shards?.('lobby')) >= 8)
})

test('85. So it is where the plan knew several shards, whose jobs are done while there are more', async () => {
  const queue = await sqs.queue()
  const { channel, fill, line, store, work } = crowd(queue)
  await store.memberships.grow?.('lobby', 4)
  const before = await fill(3_000)
  await channel().broadcast('said', hello)
  await queue.deliver(work, 2)
  await store.memberships.grow?.('lobby', 64)
  const late = await fill(1_000, 'lobby', 3_000)
  await queue.drain(work)
  assert.equal(line.counts(before), Array(3_000).fill(1))
  // The new shards are in no job of this broadcast, and in those of the next.
  assert.ok(line.counts(late).some((count) => count === 0))
  await channel().broadcast('said', hello)
  await queue.drain(work)
  assert.equal(line.counts(before), Array(3_000).fill(2))
  assert.ok(line.counts(late).every((count) => count >= 1))
})

test('members who leave while a shard is read cost nobody else the frame', async () => {
  const queue = await sqs.queue()
  const { channel, fill, line, store, work } = crowd(queue)
  const ids = await fill(3_000)
  await channel().broadcast('said', hello)
  const left = new Set(ids.filter((_, index) => index % 3 === 0))
  beforePages(store, async () => {
    for (const id of left) await store.memberships.leave(id, 'lobby')
  })
  await queue.drain(work)
  const stayed = ids.filter((id) => !left.has(id))
  assert.equal(line.counts(stayed), Array(stayed.length).fill(1))
})

test('a channel whose shard has more than 5,000 members is given shards enough, once', async () => {
  const queue = await sqs.queue()
  const { channel, fill, line, store, work } = crowd(queue)
  const asked = growths(store)
  const ids = await fill(5_000)
  await channel().broadcast('said', hello)
  await queue.drain(work)
  assert.equal(asked, [])
  ids.push(...(await fill(5_001, 'lobby', 5_000)))
  await channel().broadcast('said', hello)
  await queue.drain(work)
  assert.equal(asked, [4])
  // Its old members stay in the first shard, which is no reason to grow again.
  await channel().broadcast('said', hello)
  await queue.drain(work)
  assert.equal(asked, [4])
  assert.equal(line.counts(ids.slice(5_000)), Array(5_001).fill(2))
})

test('those shards that the last growth made tell when there is need for more', async () => {
  const queue = await sqs.queue()
  const { channel, fill, store, work } = crowd(queue)
  await store.memberships.grow?.('lobby', 2)
  const asked = growths(store)
  await fill(10_500)
  await channel().broadcast('said', hello)
  await queue.drain(work)
  assert.equal(asked, [4])
})

test('members are counted across the jobs of a shard that was read in parts', async () => {
  const queue = await sqs.queue()
  const { channel, fill, store, work } = crowd(queue)
  const asked = growths(store)
  await fill(5_200)
  await channel().broadcast('said', hello)
  let left = 30_000
  beforePages(store, async (page) => {
    left = page % 2 === 0 ? 1_000 : 30_000
  })
  await queue.drain(work, { ...living(0), getRemainingTimeInMillis: () => left })
  assert.equal(asked, [2])
})

test('a store that cannot grow is told to the log, and the broadcast goes on', async () => {
  const queue = await sqs.queue()
  const { log, restore } = quiet()
  const { channel, fill, line, store, work } = crowd(queue)
  await fill(5_001)
  const grow = async () => {
    throw new Error('the store is down')
  }
  Object.assign(store, { memberships: { ...store.memberships, grow } })
  await channel().broadcast('said', hello)
  assert.equal(await queue.deliver(work), DONE)
  await queue.drain(work)
  restore()
  assert.equal(line.told(), { 1: 5_001 })
  assert.ok(log.some((one) => Object(one).message === 'the store is down'))
})

test.run()
