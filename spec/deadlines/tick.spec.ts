import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sqsOf } from '../kit/sqs.ts'
import { latch } from '../kit/wire.ts'
import { quiet } from '../protocol/kit.ts'
import { delaysOf, enforced } from './kit.ts'

const test = suite('deadlines through SQS: when somebody looks')
const sqs = sqsOf()
test.after(sqs.end)

const BYE = [{ event: '$bye', data: { code: 'DEADLINE_EXCEEDED', message: 'You said nothing.' } }, '$closed']
const DONE = { batchItemFailures: [] }

test('a peer that never speaks is told why and closed, by the worker alone', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, store } = enforced(queue)
  await ann.connect()
  time.at += 5_000
  assert.equal(await queue.deliver(work), DONE)
  assert.equal(ann.taken(), BYE)
  assert.is((await store.records.read(ann.connectionId))?.state?.value, 'expired')
  assert.equal(await queue.counts(), { delayed: 0, ready: 0 })
})

test('a deadline that was cancelled costs one read and no write, and nobody hears of it', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, calls, sent } = enforced(queue)
  await ann.connect()
  await ann.send({ action: 'hello' })
  time.at += 5_000
  calls.length = 0
  assert.equal(await queue.deliver(work), DONE)
  assert.equal(calls, ['read'])
  assert.equal(ann.taken(), [])
  assert.is(sent.length, 2)
})

test('a deadline that was put off is looked at in its own time', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, sent } = enforced(queue)
  await ann.connect()
  for (let said = 0; said < 3; said++) {
    time.at += 4_000
    await ann.send({ action: 'hello' })
  }
  assert.equal(delaysOf(sent), [5, 10, 10, 10])
  time.at += 10_000
  await queue.deliver(work, 4)
  // The first of the four warns the peer and has somebody look again; the others find nothing to do.
  assert.equal(delaysOf(sent.slice(4)), [3])
  assert.equal(ann.taken(), [])
})

test('a deadline beyond the longest delay is looked at before its time, until the rest is short enough', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, sent } = enforced(queue)
  await ann.connect()
  await ann.send({ action: 'hello' })
  await ann.send({ action: 'rest' })
  await queue.deliver(work, 3)
  time.at += 900_000
  await queue.deliver(work)
  time.at += 900_000
  await queue.deliver(work)
  assert.equal(delaysOf(sent), [5, 10, 900, 900, 900, 200])
  assert.equal(ann.taken(), [])
  time.at += 200_000
  await queue.deliver(work)
  assert.equal(ann.taken(), BYE)
  assert.is(sent.length, 6)
})

test('a worker whose clock is slow looks again', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, sent } = enforced(queue)
  await ann.connect()
  time.at += 4_500
  await queue.deliver(work)
  assert.equal(delaysOf(sent), [5, 1])
  time.at += 500
  await queue.deliver(work)
  assert.equal(ann.taken(), BYE)
})

test('of chained deadlines each has somebody look at the next', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, sent } = enforced(queue)
  await ann.connect()
  await ann.send({ action: 'hello' })
  await queue.deliver(work, 1)
  time.at += 10_500
  await queue.deliver(work, 1)
  // The chain runs from the deadline and not from when somebody looked.
  assert.equal(sent.at(-1), {
    body: { ...Object(sent.at(-1)?.body), at: time.at + 2_500 },
    delaySeconds: 3,
  })
  time.at += 2_500
  await queue.deliver(work)
  assert.equal(ann.taken(), BYE)
})

test('a chain goes on although the queue was down when its next deadline was to be put there', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, sent, faults } = enforced(queue)
  const { restore } = quiet()
  await ann.connect()
  await ann.send({ action: 'hello' })
  await queue.deliver(work, 2)
  assert.is(sent.length, 3)
  time.at += 10_000
  faults.queueDown = true
  const failed = await queue.deliver(work)
  restore()
  assert.is(failed.batchItemFailures.length, 1)
  faults.queueDown = false
  assert.equal(await queue.deliver(work), DONE)
  assert.equal(delaysOf(sent.slice(3)), [3])
  time.at += 3_000
  await queue.deliver(work)
  assert.equal(ann.taken(), BYE)
})

test('the same message twice, one after the other or at once, does no harm', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, store } = enforced(queue)
  await ann.connect()
  time.at += 5_000
  await queue.deliver(async (event) => {
    const answers = await Promise.all([work(event), work(event)])
    assert.equal([...answers, await work(event)], [DONE, DONE, DONE])
    return DONE
  })
  const frames = ann.taken()
  assert.equal(frames[0], BYE[0])
  assert.is(frames.filter((frame) => frame === '$closed').length, 1)
  // One write for the connection and one for its deadline.
  assert.is((await store.records.read(ann.connectionId))?.version, 2)
})

test('a deadline that is over while a message holds the connection is looked at again, and is not lost', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, sent, faults } = enforced(queue)
  const [began, go] = [latch(), latch()]
  faults.hello = async () => {
    began.open()
    await go.passed
    throw new RangeError('not today')
  }
  await ann.connect()
  time.at += 4_900
  const saying = ann.send({ action: 'hello' })
  await began.passed
  time.at += 100
  for (let looks = 1; looks <= 3; looks++) {
    assert.equal(await queue.deliver(work), DONE)
    assert.equal(sent[looks], { body: { ...Object(sent[0]?.body), at: time.at + 5_000 }, delaySeconds: 5 })
  }
  go.open()
  await saying
  ann.taken()
  await queue.deliver(work)
  assert.equal(ann.taken(), BYE)
})

test('a last word that could not be sent is said later, and then the connection is closed', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, faults } = enforced(queue)
  const { log, restore } = quiet()
  await ann.connect()
  time.at += 5_000
  faults.throttled = true
  const failed = await queue.deliver(work)
  restore()
  assert.is(failed.batchItemFailures.length, 1)
  assert.match(String(log[0]), 'API Gateway is throttling')
  assert.equal(ann.taken(), [])
  faults.throttled = false
  assert.equal(await queue.deliver(work), DONE)
  assert.equal(ann.taken(), BYE)
})

test('for a connection that is gone, or never was, there is nothing to do', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, calls } = enforced(queue)
  await ann.connect()
  await ann.disconnect()
  time.at += 5_000
  await queue.send(JSON.stringify({ kind: 'deadline', connectionId: 'never-was', at: time.at }))
  calls.length = 0
  assert.equal(await queue.deliver(work, 2), DONE)
  assert.equal(calls, ['read', 'read'])
  assert.equal(ann.taken(), [])
})

test('a state that another version of the machine stored is left to the next message of its peer', async () => {
  const queue = await sqs.queue()
  const { ann, work, time, store } = enforced(queue)
  await ann.connect()
  const record = await store.records.read(ann.connectionId)
  if (!record) throw new Error('There is no record.')
  await store.records.replace(ann.connectionId, record.version, { ...record, version: 2, machine: 'greeting@old' })
  time.at += 5_000
  assert.equal(await queue.deliver(work), DONE)
  assert.equal(ann.taken(), [])
  assert.is((await store.records.read(ann.connectionId))?.version, 2)
})

test.run()
