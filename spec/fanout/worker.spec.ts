import type { SQSEvent } from 'aws-lambda'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sqsOf } from '../kit/sqs.ts'
import { latch } from '../kit/wire.ts'
import { quiet } from '../protocol/kit.ts'
import { crowd, DONE, kindsOf, living, THROTTLED } from './kit.ts'

const test = suite('fanout: what a worker makes of its jobs')
const sqs = sqsOf()
test.after(sqs.end)

let log: readonly unknown[] = []
let restore = () => {}
test.before.each(() => {
  const heard = quiet()
  log = heard.log
  restore = heard.restore
})
test.after.each(() => restore())

/** The AWS SDK says on the same log, once per process, which Node it will need. */
const said = () => log.filter((one) => one instanceof Error).map(({ message }) => message)

const hello = { text: 'hello' }

/** A broadcast to so many, of which the page jobs wait in the queue. */
const paged = async (count: number, more: Parameters<typeof crowd>[1] = {}) => {
  const queue = await sqs.queue()
  const all = crowd(queue, more)
  const ids = await all.fill(count)
  await all.channel().broadcast('said', hello)
  assert.equal(await queue.deliver(all.work), DONE)
  return { ...all, queue, ids }
}

test('80. The same SQS message delivered twice: a finished page is skipped, and a peer sees one frame', async () => {
  const { queue, work, line, ids } = await paged(1_000)
  const again: SQSEvent[] = []
  const twice = async (event: SQSEvent) => {
    again.push(event)
    assert.equal(await work(event), DONE)
    return work(event)
  }
  assert.equal(await queue.deliver(twice, 2), DONE)
  assert.is(line.posts, 1_000)
  // In a message of its own, too: a sender that was not answered sends it again.
  for (const { body } of again.flatMap(({ Records }) => Records)) await queue.send(body)
  await queue.drain(work)
  assert.is(line.posts, 1_000)
  assert.equal(line.counts(ids), Array(1_000).fill(1))
})

test('80. A shard job that comes twice puts nothing into the queue the second time', async () => {
  const queue = await sqs.queue()
  const { channel, fill, work, sent } = crowd(queue)
  await fill(600)
  await channel().broadcast('said', hello)
  await queue.deliver(async (event) => {
    await work(event)
    return work(event)
  })
  assert.equal(kindsOf(sent), ['fanout-shard', 'fanout-page', 'fanout-page'])
})

test('a shard job that failed half way makes the same pages again, and those that are finished are skipped', async () => {
  const queue = await sqs.queue()
  const { channel, fill, work, line, sent, store } = crowd(queue)
  const ids = await fill(2_400)
  await channel().broadcast('said', hello)
  const { members } = store.memberships
  let reads = 0
  const failing = {
    ...store.memberships,
    members: async (...given: Parameters<typeof members>) => {
      if (++reads === 2) throw new Error('the store is down')
      return members(...given)
    },
  }
  Object.assign(store, { memberships: failing })
  assert.is((await queue.deliver(work)).batchItemFailures.length, 1)
  const before = sent.length - 1
  assert.ok(before > 0)
  await queue.drain(work)
  assert.is(sent.length, 1 + before + 5)
  assert.equal(line.counts(ids), Array(2_400).fill(1))
})

test('81. Of a batch of ten, jobs 3 and 7 fail: exactly those are in batchItemFailures', async () => {
  const { queue, work, line, ids } = await paged(5_000)
  const bodies: string[] = []
  const dead = new Set<string>()
  line.meets = async (id) => {
    if (dead.has(id)) throw new Error('no answer')
    return undefined
  }
  const answer = await queue.deliver(async (event) => {
    bodies.push(...event.Records.map(({ body }) => body))
    for (const index of [3, 7]) for (const id of JSON.parse(bodies[index] ?? '').connectionIds) dead.add(id)
    const { batchItemFailures } = await work(event)
    const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
    assert.equal(
      event.Records.flatMap(({ messageId }, index) => (failed.includes(messageId) ? [index] : [])),
      [3, 7],
    )
    return { batchItemFailures }
  }, 10)
  assert.is(answer.batchItemFailures.length, 2)
  assert.equal(
    said()
      .filter((one) => one.includes('is not done'))
      .map((one) => one.replace(/^.*: /, '')),
    Array(2).fill('None of its 500 connections could be posted to.'),
  )
  dead.clear()
  await queue.drain(work)
  assert.equal(line.counts(ids), Array(5_000).fill(1))
})

test('81. A batch of which all is done has an empty list', async () => {
  const { queue, work } = await paged(5_000)
  assert.equal(await queue.deliver(work, 10), DONE)
})

const API = { apiId: 'a1b2c3d4e5', stage: 'prod', domainName: 'example.com' }
const SAID = { id: 'b', channel: 'lobby', until: 2e12, frame: '{}', api: API }
const page = (more: object) =>
  JSON.stringify({ kind: 'fanout-page', ...SAID, connectionIds: ['m1'], attempts: 0, ...more })
const shard = (more: object) =>
  JSON.stringify({ kind: 'fanout-shard', ...SAID, shard: 0, shards: 1, seen: 0, except: [], ...more })
const NO_PAGE =
  'It is no job of a broadcast: { "kind": "fanout-page", "id", "channel", "until", "frame", "api": { "apiId", "stage", "domainName" }, "connectionIds": […], "attempts" }, "frame", "api" and "cursor" if known.'
const NO_SHARD =
  'It is no job of a broadcast: { "kind": "fanout-shard", "id", "channel", "until", "frame", "api": { "apiId", "stage", "domainName" }, "shard", "shards", "cursor", "seen", "except": […] }, "frame", "api" and "cursor" if known.'

test('82. A poison job goes to the dead-letter queue after so many times; the log says what is wrong, and others are done', async () => {
  const dead = await sqs.queue()
  const queue = await sqs.queue({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await dead.arn(), maxReceiveCount: 2 }),
  })
  const { channel, fill, work, line } = crowd(queue)
  const ids = await fill(11)
  const poison: readonly (readonly [body: string, why: string])[] = [
    ['{"kind":"fanout"}', "Its kind is 'fanout'; this worker does fanout-shard, fanout-page."],
    [page({ connectionIds: 'm1' }), NO_PAGE],
    [page({ connectionIds: [''] }), NO_PAGE],
    [page({ attempts: -1 }), NO_PAGE],
    [page({ until: '1' }), NO_PAGE],
    [page({ api: { ...API, stage: '../x' } }), NO_PAGE],
    [shard({ shard: 1 }), NO_SHARD],
    [shard({ cursor: 1 }), NO_SHARD],
    [shard({ id: '' }), NO_SHARD],
  ]
  for (const [body] of poison) await queue.send(body)
  await channel().broadcast('said', hello)
  assert.is((await queue.deliver(work, 10)).batchItemFailures.length, poison.length)
  assert.equal(line.counts(ids), Array(11).fill(1))
  assert.equal(
    said()
      .map((one) => one.replace(/^The record '[^']+' of the queue is not done: /, ''))
      .sort(),
    poison.map(([, why]) => why).sort(),
  )
  await queue.deliver(work, poison.length)
  // SQS moves them when they would be received for the third time, which a worker then never sees.
  await queue.send(page({ id: 'another' }))
  assert.equal(await queue.deliver(work), DONE)
  assert.equal(await queue.counts(), { delayed: 0, ready: 0 })
  assert.equal(await dead.counts(), { delayed: 0, ready: poison.length })
})

test('84. A worker that is killed in the middle of a page: the page comes again, and at most a page is told twice', async () => {
  const { queue, work, line, ids } = await paged(1_000)
  const [killed, over] = [latch(), latch()]
  const zombies: Promise<unknown>[] = []
  line.meets = async (_, nth) => {
    if (nth < 200) return undefined
    killed.open()
    // Frozen, for longer than anybody waits for it.
    await over.passed
    return { outcome: 'gone' }
  }
  await queue.deliver(async (event) => {
    zombies.push(work(event))
    await killed.passed
    return { batchItemFailures: event.Records.map(({ messageId }) => ({ itemIdentifier: messageId })) }
  })
  const before = [...line.frames.keys()]
  assert.ok(before.length >= 200 && before.length <= 500)
  line.meets = () => undefined
  await queue.drain(work)
  const told = new Set(before)
  assert.equal(
    line.counts(ids),
    ids.map((id) => (told.has(id) ? 2 : 1)),
  )
  // Under one id, by which a client drops the second one.
  assert.is(new Set([...line.frames.values()].flat().map((frame) => JSON.parse(frame).id)).size, 1)
  over.open()
  await Promise.all(zombies)
})

test('whoever is throttled is left to a smaller job after 2, 4, 8, 16, 32 and 60 seconds, and then given up', async () => {
  const { queue, work, line, sent } = await paged(1_000)
  line.meets = (id) => (id === 'm1' || id === 'm999' ? THROTTLED : undefined)
  assert.equal(await queue.deliver(work, 2), DONE)
  await queue.drain(work)
  const jobs = sent.slice(3)
  for (const alone of ['m1', 'm999'])
    assert.equal(
      jobs
        .filter(({ body }) => Object(body).connectionIds[0] === alone)
        .map(({ body, delaySeconds }) => [Object(body).attempts, Object(body).connectionIds, delaySeconds]),
      [2, 4, 8, 16, 32, 60].map((delay, index) => [index + 1, [alone], delay]),
    )
  assert.equal(
    said().filter((one) => one.includes('did not get')),
    Array(2).fill('1 members of the channel "lobby" did not get a broadcast, after 7 attempts.'),
  )
  assert.equal(line.told(), { 1: 998 })
})

test('whoever was not answered for is told by the smaller job', async () => {
  const { queue, work, line, ids, sent } = await paged(600)
  const down = new Set(ids.slice(0, 30))
  line.meets = async (id) => {
    if (down.has(id)) throw new Error('no answer')
    return undefined
  }
  assert.equal(await queue.deliver(work, 2), DONE)
  const rest = sent.slice(3)
  assert.equal(rest.flatMap(({ body }) => Object(body).connectionIds).sort(), [...down].sort())
  down.clear()
  await queue.drain(work)
  assert.equal(line.counts(ids), Array(600).fill(1))
})

test('whoever is gone is a member no more, and is not tried again', async () => {
  const { queue, work, line, ids, store, time } = await paged(600)
  time.at += 60_000
  line.meets = (_, nth) => (nth % 10 === 0 ? { outcome: 'gone' } : undefined)
  await queue.drain(work)
  assert.is(line.posts, 600)
  const left = await Promise.all(ids.map((id) => store.memberships.has(id, 'lobby')))
  assert.is(left.filter(Boolean).length, 540)
})

test('a function without the permission to post keeps its jobs for when it has it, and says which one', async () => {
  const { queue, work, line, ids } = await paged(600)
  line.meets = () => ({ outcome: 'forbidden', reason: 'Grant execute-api:ManageConnections.' })
  assert.is((await queue.deliver(work, 2)).batchItemFailures.length, 2)
  assert.ok(said().some((one) => one.includes('Grant execute-api:ManageConnections.')))
  line.meets = () => undefined
  await queue.drain(work)
  assert.equal(line.counts(ids), Array(600).fill(1))
})

test('a frame that is too large for a connection is no reason to try again', async () => {
  const { queue, work, line, sent } = await paged(600)
  line.meets = () => ({ outcome: 'tooLarge', bytes: 2, maxBytes: 1 })
  await queue.drain(work)
  assert.equal([line.posts, sent.length], [600, 3])
})

test('a shard job whose function has little time left is a job again, from where it was', async () => {
  const queue = await sqs.queue()
  const { channel, fill, work, line, sent, store } = crowd(queue)
  const ids = await fill(3_000)
  await channel().broadcast('said', hello)
  let left = 30_000
  const { members } = store.memberships
  const slow: typeof members = async (...given) => {
    left = 1_000
    return members(...given)
  }
  Object.assign(store, { memberships: { ...store.memberships, members: slow } })
  const context = { ...living(0), getRemainingTimeInMillis: () => left }
  assert.equal(await queue.deliver(work, 1, context), DONE)
  const [first, ...rest] = sent.map(({ body }) => Object(body))
  const again = rest.pop()
  const paged = rest.flatMap(({ connectionIds }) => connectionIds)
  assert.ok(paged.length > 0 && paged.length < 3_000)
  assert.equal(again, { ...first, seen: paged.length, cursor: again.cursor })
  assert.type(again.cursor, 'string')
  left = 30_000
  await queue.drain(work, context)
  assert.equal(line.counts(ids), Array(3_000).fill(1))
  const pages = sent.flatMap(({ body }) => Object(body).connectionIds ?? [])
  assert.equal([pages.length, new Set(pages).size], [3_000, 3_000])
})

test('a page whose function has no time for all of it leaves the rest to a smaller job', async () => {
  const { queue, work, line, ids, sent } = await paged(500 + 10)
  let left = 30_000
  line.meets = (_, nth) => {
    if (nth === 99) left = 1_000
    return undefined
  }
  const context = { ...living(0), getRemainingTimeInMillis: () => left }
  assert.equal(await queue.deliver(work, 1, context), DONE)
  const [rest] = sent.slice(3)
  assert.is(Object(rest?.body).attempts, 1)
  assert.is(rest?.delaySeconds, 2)
  await queue.drain(work)
  assert.equal(line.counts(ids), Array(510).fill(1))
})

test('after its time to live a broadcast is said to nobody any more, and the log says to how many', async () => {
  const { queue, work, line, time } = await paged(600, { ttlMs: 60_000 })
  time.at += 60_000
  assert.equal(await queue.deliver(work, 2), DONE)
  assert.is(line.posts, 0)
  const over = 'members of the channel "lobby" did not get a broadcast: its time was over (fanout({ ttlMs })).'
  assert.equal(said().sort(), [`100 ${over}`, `500 ${over}`])
})

test('a shard job that comes too late says so too', async () => {
  const queue = await sqs.queue()
  const { channel, fill, work, line, time } = crowd(queue)
  await fill(11)
  await channel().broadcast('said', hello)
  time.at += 300_000
  assert.equal(await queue.deliver(work), DONE)
  assert.is(line.posts, 0)
  assert.equal(said(), [
    'Shard 0 of 1, from member 0 on, of the channel "lobby" did not get a broadcast: its time was over (fanout({ ttlMs })).',
  ])
})

test('a frame that the store has lost fails its job in a sentence, and the job is done once it is there', async () => {
  const queue = await sqs.queue()
  const { work, line, store } = crowd(queue)
  const { frame: _, ...kept } = JSON.parse(page({}))
  await queue.send(JSON.stringify(kept))
  assert.is((await queue.deliver(work)).batchItemFailures.length, 1)
  assert.match(said()[0] ?? '', "What the broadcast 'b' says is no longer kept.")
  await store.blobs?.put('b', '{}', 60)
  assert.equal(await queue.deliver(work), DONE)
  assert.equal(line.frames.get('m1'), ['{}'])
})

test('a page that is done and cannot be marked is done', async () => {
  const { queue, work, line, store } = await paged(600)
  const { blobs } = store
  const put = async () => {
    throw new Error('the store is down')
  }
  Object.assign(store, { blobs: { ...blobs, put } })
  assert.equal(await queue.deliver(work, 2), DONE)
  assert.is(line.posts, 600)
  assert.equal(said(), ['the store is down', 'the store is down'])
})

test.run()
