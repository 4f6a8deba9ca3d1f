import type { SQSRecord } from 'aws-lambda'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { worker } from 'ws-interlock/worker'
import { sqsOf } from '../kit/sqs.ts'
import { latch } from '../kit/wire.ts'
import { quiet, rejection } from '../protocol/kit.ts'
import { enforced, greeting } from './kit.ts'

const test = suite('worker')
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
const errors = () => log.filter((said) => said instanceof Error)
const said = () => errors().map(({ message }) => message)

test('a store that is down fails the records that need it and no other, and they are done when they come again', async () => {
  const queue = await sqs.queue()
  const { join, work, time, faults } = enforced(queue)
  const peers = [join(), join(), join()]
  for (const peer of peers) await peer.connect()
  time.at += 5_000
  faults.storeDown = (connectionId) => connectionId === peers[1]?.connectionId
  const { batchItemFailures } = await queue.deliver(work, 3)
  assert.is(batchItemFailures.length, 1)
  assert.equal(said(), [
    `The record '${batchItemFailures[0]?.itemIdentifier}' of the queue is not done: The store did not answer. Nothing ran.`,
  ])
  assert.is(Object(errors()[0]).cause.cause.message, 'the store is down')
  assert.equal(
    peers.map((peer) => peer.taken().at(-1)),
    ['$closed', undefined, '$closed'],
  )
  faults.storeDown = () => false
  const records: SQSRecord[] = []
  const again = await queue.deliver(async (event) => {
    records.push(...event.Records)
    return work(event)
  })
  assert.equal(again, { batchItemFailures: [] })
  assert.equal(
    records.map(({ messageId, attributes }) => [messageId, attributes.ApproximateReceiveCount]),
    [[batchItemFailures[0]?.itemIdentifier, '2']],
  )
  assert.is(peers[1]?.taken().at(-1), '$closed')
  assert.equal(await queue.counts(), { delayed: 0, ready: 0 })
})

const API = { apiId: 'a1b2c3d4e5', stage: 'prod', domainName: 'example.com' }
const deadline = (more: object) => JSON.stringify({ kind: 'deadline', connectionId: 'a', at: 1, api: API, ...more })
const NO_DEADLINE =
  'It is no deadline: { "kind": "deadline", "connectionId", "at", "api": { "apiId", "stage", "domainName" } }, "api" if known.'

test('each record that nobody could do fails alone, and the log says what would be right', async () => {
  const queue = await sqs.queue()
  const { ann, work, time } = enforced(queue)
  await ann.connect()
  time.at += 5_000
  const poison: readonly (readonly [body: string, why: string])[] = [
    ['hello', 'Its body is not JSON. Only this library should send to the queue.'],
    ['null', 'Its body is no JSON object. Only this library should send to the queue.'],
    ['42', 'Its body is no JSON object. Only this library should send to the queue.'],
    ['{}', "Its kind is 'undefined'; this worker does deadline."],
    ['{"kind":"__proto__"}', "Its kind is '__proto__'; this worker does deadline."],
    [deadline({ connectionId: '' }), NO_DEADLINE],
    [deadline({ at: '1' }), NO_DEADLINE],
    [deadline({ api: { apiId: 'a', stage: 'prod' } }), NO_DEADLINE],
    [deadline({ api: { ...API, apiId: 'example.com/?' } }), NO_DEADLINE],
  ]
  for (const [body] of poison) await queue.send(body)
  const bodies = new Map<string, string>()
  const { batchItemFailures } = await queue.deliver(async (event) => {
    for (const { messageId, body } of event.Records) bodies.set(messageId, body)
    return work(event)
  }, 10)
  assert.is(bodies.size, 10)
  assert.equal(
    batchItemFailures.map(({ itemIdentifier }) => bodies.get(itemIdentifier)).sort(),
    poison.map(([body]) => body).sort(),
  )
  const why = new Map(poison)
  const expected = [...bodies].flatMap(([id, body]) =>
    why.has(body) ? [`The record '${id}' of the queue is not done: ${why.get(body)}`] : [],
  )
  assert.equal(said().sort(), expected.sort())
  assert.is(ann.taken().at(-1), '$closed')
})

test('a record that keeps failing ends in the dead-letter queue and does not keep the others', async () => {
  const dead = await sqs.queue()
  const queue = await sqs.queue({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await dead.arn(), maxReceiveCount: 2 }),
  })
  const { ann, work, time } = enforced(queue)
  await queue.send('poison')
  await queue.deliver(work)
  await ann.connect()
  time.at += 5_000
  await queue.deliver(work, 2)
  assert.is(ann.taken().at(-1), '$closed')
  // SQS moves it when it would be received for the third time, which `work` then never sees.
  await queue.send(deadline({ connectionId: 'never-was' }))
  assert.equal(await queue.deliver(work), { batchItemFailures: [] })
  assert.equal(await queue.counts(), { delayed: 0, ready: 0 })
  assert.equal(await dead.counts(), { delayed: 0, ready: 1 })
})

test('the records of a batch are worked on together, ten at a time', async () => {
  const { work, faults } = enforced(await sqs.queue())
  const [full, go] = [latch(), latch()]
  let [reading, most, all] = [0, 0, 0]
  faults.reading = async () => {
    reading++
    all++
    most = Math.max(most, reading)
    if (reading === 10) full.open()
    await go.passed
    reading--
  }
  const attributes = { ApproximateReceiveCount: '1' }
  const record = (_: unknown, index: number) => ({ messageId: `${index}`, body: deadline({}), attributes })
  const working = work({ Records: Array.from({ length: 35 }, record) as unknown as SQSRecord[] }) // as far as it is read
  await full.passed
  go.open()
  assert.equal(await working, { batchItemFailures: [] })
  assert.equal([most, all], [10, 35])
})

test('a batch without records is done', async () => {
  const { work } = enforced(await sqs.queue())
  assert.equal(await work({ Records: [] }), { batchItemFailures: [] })
})

test('an event of something else than a queue is refused in a sentence', async () => {
  const { work } = enforced(await sqs.queue())
  for (const event of [undefined, {}, { requestContext: {} }])
    assert.is(
      // What another trigger than a queue would send.
      String(await rejection(work(event as never))),
      'TypeError: This is no event of an SQS queue: it has no Records with a messageId. Subscribe the function to the queue.',
    )
})

test('a worker of what is no application, or has no work for it, is refused in a sentence', () => {
  const start = ws({ warn: () => {} }).store(memory())
  const none =
    'Anything to work on: .protocol(machine, { deadlines: sqsDeadlines({ … }) }), or ws({ fanout: fanout({ … }) }) with a store, or .task(…), is missing in worker(app).'
  // What plain JavaScript could pass.
  const refused = (app: unknown) => assert.throws(() => worker(app as never), isTypeError)
  let message = ''
  const isTypeError = (error: unknown) => {
    message = Object(error).message
    return error instanceof TypeError
  }
  for (const other of [42, undefined, { server: {} }]) {
    refused(other)
    assert.is(message, 'The application, which .build() returns, is missing in worker(app).')
  }
  refused(
    ws()
      .onConnect(() => accept())
      .build(),
  )
  assert.is(message, none)
  refused(start.onConnect(() => accept()).build())
  assert.is(message, none)
  refused(
    start
      .protocol(greeting)
      .on('hello', () => {})
      .on('rest', () => {})
      .build(),
  )
  assert.is(message, none)
})

test.run()
