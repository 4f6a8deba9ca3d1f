import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { blobCases, commitCases, noteCases, shardCases, storeCases } from 'ws-interlock/store/conformance'
import { memory } from 'ws-interlock/store/memory'

const test = suite('memory store')

const cases = [...storeCases, ...commitCases, ...noteCases, ...shardCases, ...blobCases]

for (const { claim, check } of cases) test(claim, () => check(memory()))

test('every case holds in one store that they share', async () => {
  const shared = memory()
  await Promise.all(cases.map(({ check }) => check(shared)))
})

const record = { version: 1, connectedAt: 0, ttl: 100 }

test('two stores know nothing of each other', async () => {
  const [one, other] = [memory({ now: () => 0 }), memory({ now: () => 0 })]
  await one.records.create('a', record)
  await one.memberships.join('a', 'lobby')
  assert.is(await other.records.read('a'), undefined)
  assert.equal(await other.memberships.members('lobby'), { connectionIds: [] })
})

test('a record is there until its time, and not a millisecond longer', async () => {
  let now = 99_999
  const { records } = memory({ now: () => now })
  await records.create('a', record)
  assert.ok(await records.read('a'))
  now = 100_000
  assert.is(await records.read('a'), undefined)
})

test('65. a connection whose time is over is swept out of its channels when another one comes', async () => {
  let now = 0
  const { records, memberships } = memory({ now: () => now })
  await records.create('a', record)
  await memberships.join('a', 'lobby')
  now = 200_000
  await records.create('b', { ...record, ttl: 1_000 })
  await memberships.join('b', 'lobby')
  assert.equal(await memberships.members('lobby'), { connectionIds: ['b'] })
  assert.equal(await memberships.channels('a'), [])
})

test('65. a connection whose time is over is in no channel, also where no other one comes', async () => {
  let now = 99_999
  const { records, memberships } = memory({ now: () => now })
  await records.create('a', record)
  await memberships.join('a', 'lobby')
  assert.equal(await memberships.members('lobby'), { connectionIds: ['a'] })
  assert.is(await memberships.has('a', 'lobby'), true)
  now = 100_000
  assert.equal(await memberships.members('lobby'), { connectionIds: [] })
  assert.is(await memberships.has('a', 'lobby'), false)
})

test('a text is there until its time, and not a millisecond longer, and its place can be claimed again', async () => {
  let now = 1_000
  const { blobs } = memory({ now: () => now })
  await blobs?.put('said', 'text', 2)
  assert.is(await blobs?.claim('done', 2), true)
  now = 2_999
  assert.equal([await blobs?.get('said'), await blobs?.get('done')], ['text', ''])
  now = 3_000
  assert.equal([await blobs?.get('said'), await blobs?.get('done')], [undefined, undefined])
  assert.is(await blobs?.claim('done', 2), true)
  now = 100_000
  await blobs?.put('other', 'text', 2)
  assert.is(await blobs?.claim('said', 2), true)
})

/** A channel of so many members, and its pages. */
const crowd = async (count: number, shards = 1) => {
  const { records, memberships } = memory({ now: () => 0 })
  const join = async (id: string) => {
    await records.create(id, record)
    await memberships.join(id, 'lobby')
  }
  await memberships.grow?.('lobby', shards)
  const ids = Array.from({ length: count }, (_, index) => `c${index}`)
  for (const id of ids) await join(id)
  const pages = async (between: (page: number, ids: readonly string[]) => Promise<void> = async () => {}) => {
    const all: (readonly string[])[] = []
    let cursor: string | undefined
    do {
      const page = await memberships.members('lobby', cursor)
      all.push(page.connectionIds)
      cursor = page.cursor
      await between(all.length, page.connectionIds)
    } while (cursor !== undefined)
    return all
  }
  return { memberships, ids, join, pages }
}

test('a page has a thousand members at most, and a channel no more pages than it needs', async () => {
  const { ids, pages, memberships } = await crowd(2_500)
  assert.equal(
    (await pages()).map(({ length }) => length),
    [1_000, 1_000, 500],
  )
  // Nine of ten leave: the rest are on one page.
  for (const [index, id] of ids.entries()) if (index % 10 > 0) await memberships.leave(id, 'lobby')
  const left = await pages()
  assert.equal(
    left.map(({ length }) => length),
    [250],
  )
  assert.equal(
    left.flat(),
    ids.filter((_, index) => index % 10 === 0),
  )
})

for (const shards of [1, 4])
  test(`who stays is on one page, once, whoever comes and goes between the pages of ${shards} shards`, async () => {
    const { ids, pages, memberships, join } = await crowd(5_000, shards)
    const leavers = ids.filter((_, index) => index % 3 === 0)
    const stayed = new Set(ids.filter((_, index) => index % 3 > 0))
    const all = (
      await pages(async (page, seen) => {
        // Some that were seen, some that were not yet, and some who come, also to where somebody left.
        for (const id of leavers.splice(0, 200)) await memberships.leave(id, 'lobby')
        for (const id of seen.filter((id) => stayed.has(id)).slice(0, 3)) await memberships.join(id, 'lobby')
        for (let index = 0; index < 50; index++) await join(`late ${page} ${index}`)
        if (page === 2) await memberships.grow?.('lobby', 16)
      })
    ).flat()
    assert.is(new Set(all).size, all.length)
    assert.equal(
      [...stayed].filter((id) => !all.includes(id)),
      [],
    )
  })

test('a shard is read by itself, page by page, and all of them together are the channel', async () => {
  const { ids, memberships } = await crowd(5_000, 4)
  const sizes: number[] = []
  const all: string[] = []
  for (let shard = 0; shard < 4; shard++) {
    let cursor: string | undefined
    do {
      const page = await memberships.members('lobby', cursor, shard)
      sizes.push(page.connectionIds.length)
      all.push(...page.connectionIds)
      cursor = page.cursor
    } while (cursor !== undefined)
  }
  assert.equal([...all].sort(), [...ids].sort())
  assert.ok(sizes.length >= 8, String(sizes))
  assert.ok(Math.max(...sizes) <= 1_000)
})

test.run()
