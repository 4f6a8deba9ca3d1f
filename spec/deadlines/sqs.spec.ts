import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
import type { Deadlines } from '../../lib/state/tick.ts'
import { impatient, sqsOf } from '../kit/sqs.ts'
import { delaysOf, enforced } from './kit.ts'

const test = suite('sqsDeadlines: what is put into the queue')
const sqs = sqsOf()
test.after(sqs.end)

const API = { apiId: 'a1b2c3d4e5', stage: 'prod', domainName: 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com' }

test('$connect has somebody look when the deadline of the initial state is over', async () => {
  const { ann, sent, time } = enforced(await sqs.queue())
  await ann.connect(API)
  const body = { kind: 'deadline', connectionId: ann.connectionId, at: time.now() + 5_000, api: API }
  assert.equal(sent, [{ body, delaySeconds: 5 }])
})

test('a message has somebody look where it brings a new deadline, and nobody where it brings none', async () => {
  const { ann, sent } = enforced(await sqs.queue())
  await ann.connect()
  await ann.send({ action: 'hello' })
  await ann.send({ action: 'rest' })
  assert.equal(delaysOf(sent), [5, 10, 900])
  assert.equal((await ann.send({ action: 'hello', id: '1' })).frames, [{ action: 'hello', id: '1' }])
  assert.is(sent.length, 3)
})

test('a deadline that a message applies has somebody look at the one that follows', async () => {
  const { ann, sent, time } = enforced(await sqs.queue())
  await ann.connect()
  await ann.send({ action: 'hello' })
  time.at += 11_000
  // Warned a second ago, so there are two left.
  await ann.send({ action: 'rest' })
  assert.equal(delaysOf(sent), [5, 10, 2])
})

test('dispatch has somebody look too, who is not told where the connection is reached', async () => {
  const { ann, app, sent, time } = enforced(await sqs.queue())
  await ann.connect(API)
  await app.server.connection(ann.connectionId).dispatch({ type: 'hello' })
  const body = { kind: 'deadline', connectionId: ann.connectionId, at: time.now() + 10_000 }
  assert.equal(sent.slice(1), [{ body, delaySeconds: 10 }])
})

test('a delay is in whole seconds, rounded up, from none to the 900 that SQS knows', async () => {
  const queue = await sqs.queue()
  const { client, sent } = impatient(queue)
  const { arm } = deadlinesOf({ client, queueUrl: queue.queueUrl, now: () => 1_000_000 })
  for (const leftMs of [-60_000, 0, 1, 999, 1_000, 1_001, 899_001, 900_000, 900_001, 7_200_000])
    await arm({ connectionId: 'a', at: 1_000_000 + leftMs })
  assert.equal(delaysOf(sent), [0, 0, 1, 1, 1, 2, 900, 900, 900, 900])
})

test('by the clock of the machine where no other is given, and the queue keeps the message back', async () => {
  const { client, queueUrl, counts } = await sqs.queue()
  const { arm } = deadlinesOf({ client, queueUrl })
  await arm({ connectionId: 'a', at: Date.now() + 7_200_000 })
  assert.equal(await counts(), { delayed: 1, ready: 0 })
  await arm({ connectionId: 'a', at: Date.now() })
  assert.equal(await counts(), { delayed: 1, ready: 1 })
})

test('a queue that is gone is told to onError, and the peer is let in and its message stands', async () => {
  const queue = await sqs.queue()
  const { ann, errors, store } = enforced(queue)
  await queue.drop()
  assert.equal(await ann.connect(), { statusCode: 200 })
  assert.equal((await ann.send({ action: 'hello', id: '1' })).frames, [{ action: 'hello', id: '1' }])
  assert.is((await store.records.read(ann.connectionId))?.state?.value, 'known')
  assert.equal(
    errors.map((error) => Object(error).name),
    ['QueueDoesNotExist', 'QueueDoesNotExist'],
  )
})

test('what is no client, no URL, no clock or no option is refused in a sentence', async () => {
  const client = { send: async () => {} }
  const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/deadlines'
  const refused = (options: unknown) => {
    try {
      // What plain JavaScript could pass.
      sqsDeadlines(options as never)
    } catch (error) {
      return `${Object(error).name}: ${Object(error).message}`
    }
    throw new Error('It was taken.')
  }
  const needed = (what: string, where: string) => `TypeError: ${what} is missing in ${where}.`
  assert.is(refused(undefined), needed('An object', 'sqsDeadlines()'))
  assert.is(refused({ queueUrl }), needed('An SQSClient of @aws-sdk/client-sqs', 'sqsDeadlines({ client })'))
  for (const other of [undefined, '', 'deadlines', 'arn:aws:sqs:eu-west-1:123456789012:deadlines', 42])
    assert.is(
      refused({ client, queueUrl: other }),
      needed('The https:// URL of a queue', 'sqsDeadlines({ queueUrl })'),
      String(other),
    )
  assert.is(refused({ client, queueUrl, now: 42 }), needed('A function', 'sqsDeadlines({ now })'))
  assert.is(
    refused({ client, queueUrl, delay: 1 }),
    "TypeError: sqsDeadlines() has no such option. ('delay' in sqsDeadlines(), which has client, queueUrl, now)",
  )
  assert.is(
    refused({ client, queueUrl: `${queueUrl}.fifo` }),
    `TypeError: A FIFO queue delays no single message. Make a standard queue. ('${queueUrl}.fifo' in sqsDeadlines())`,
  )
})

/** What the library sees of it, which its type hides from users. */
const deadlinesOf = (options: Parameters<typeof sqsDeadlines>[0]) => sqsDeadlines(options) as unknown as Deadlines

test.run()
