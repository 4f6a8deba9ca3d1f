import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type SnsOptions, sns } from 'ws-interlock/publish/sns'
import { type Queue, sqsOf } from '../kit/sqs.ts'
import { rejection } from '../protocol/kit.ts'
import { chance, event, origin, thrown } from './kit.ts'

const test = suite('publish: SNS')
const service = sqsOf()
const clients: SNSClient[] = []
test.after(async () => {
  for (const client of clients) client.destroy()
  await service.end()
})

/** A publisher to a topic, what it sends, and a queue that the topic delivers to, message and attributes as they are. */
const open = async (options: Partial<SnsOptions> = {}, suffix = '', attributes: Record<string, string> = {}) => {
  const queue = await service.queue(attributes)
  const { client: near } = queue
  const endpoint = await near.config.endpoint?.()
  const client = new SNSClient({
    ...(endpoint && { endpoint }),
    region: 'eu-west-1',
    credentials: await near.config.credentials(),
  })
  clients.push(client)
  const Name = `topic-${clients.length}${suffix}`
  const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name, Attributes: fifoTopic(suffix) }))
  const raw = { RawMessageDelivery: 'true' }
  await client.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: await queue.arn(), Attributes: raw }))
  const calls: { readonly PublishBatchRequestEntries: readonly Record<string, unknown>[] }[] = []
  const send = (command: never, until?: object) => {
    calls.push(Object(command).input)
    return client.send(command, until)
  }
  const sizes = () => calls.map(({ PublishBatchRequestEntries }) => PublishBatchRequestEntries.length)
  return { queue, calls, sizes, publisher: sns({ client: { send }, topicArn: TopicArn, ...options }) }
}

const fifoTopic = (suffix: string): Record<string, string> => (suffix === '.fifo' ? { FifoTopic: 'true' } : {})

const receive = async ({ client, queueUrl }: Queue): Promise<readonly Message[]> => {
  const request = { QueueUrl: queueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }
  const answer = await client.send(new ReceiveMessageCommand({ ...request, MessageSystemAttributeNames: ['All'] }))
  return answer.Messages ?? []
}

const attributesOf = ({ MessageAttributes = {} }: Message = {}) =>
  Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]))

const messages = (count: number) => Array.from({ length: count }, (_, place) => ({ message: `message ${place}` }))

test('25 messages are three calls, and a queue that listens gets each', async () => {
  const { queue, sizes, publisher } = await open()
  const published = await publisher.publish(messages(25), chance())
  assert.equal(sizes().sort(), [10, 10, 5])
  assert.is((await queue.counts()).ready, 25)
  assert.is(new Set(published.map((each) => each.ok && each.id)).size, 25)
})

test('a CloudEvent is a JSON message, and what is known of the message arrives as attributes beside those of the entry', async () => {
  const { queue, publisher } = await open()
  const entry = { ...publisher.entryOf(event), attributes: { kind: 'order', messageId: 'mine' } }
  await publisher.publish([publisher.mark(entry, origin)], chance())
  const [message] = await receive(queue)
  assert.equal(JSON.parse(message?.Body ?? ''), event)
  const { id, correlation, connectionId, requestId } = origin
  assert.equal(attributesOf(message), {
    kind: 'order',
    messageId: 'mine',
    correlation,
    eventId: id,
    connectionId,
    requestId,
  })
})

test('a subject and a number go to the service as such', async () => {
  const { calls, publisher } = await open()
  const [published] = await publisher.publish([{ message: 'x', subject: 'Grüße', attributes: { total: 5 } }], chance())
  assert.is(published?.ok, true)
  assert.equal(calls[0]?.PublishBatchRequestEntries, [
    {
      Id: '0',
      Message: 'x',
      Subject: 'Grüße',
      MessageAttributes: { total: { DataType: 'Number', StringValue: '5' } },
    },
  ])
})

test('a message is counted in UTF-8 with its subject and attributes, and one byte too many is refused before anything is sent', async () => {
  // The message is 10, the subject 2; the attribute 4 for the name, 6 for String and 2 for the value.
  const entry = { message: 'ééééé', subject: 'é', attributes: { name: 'é' } }
  const { publisher } = await open({ maxBytes: 24 })
  assert.equal(
    (await publisher.publish([entry], chance())).map(({ ok }) => ok),
    [true],
  )
  const { publisher: smaller, calls } = await open({ maxBytes: 23 })
  const error = Object(await rejection(smaller.publish([{ message: 'x' }, entry], chance())))
  assert.equal([error.code, error.details], ['RESOURCE_EXHAUSTED', { bytes: 24, maxBytes: 23 }])
  assert.equal(calls, [])
})

test('256 KiB go in one call, in one message or in several: one byte more is another call', async () => {
  const { sizes, publisher, queue } = await open()
  const message = (bytes: number) => ({ message: 'é'.repeat(bytes / 2) })
  const published = await publisher.publish(
    [message(262_144), message(131_072), message(131_072), message(2)],
    chance(),
  )
  assert.ok(published.every(({ ok }) => ok))
  assert.equal(sizes().sort(), [1, 1, 2])
  assert.is((await queue.counts()).ready, 4)
  assert.match(
    thrown(() => publisher.check(message(262_146))).message,
    '262146 bytes, and a message of this topic takes',
  )
})

test('one bad message of ten fails alone: a topic that takes less than it was said to', async () => {
  const { sizes, publisher, queue } = await open({ maxBytes: 1_048_576 })
  const published = await publisher.publish(
    messages(10).map((entry, place) => (place === 4 ? { message: 'x'.repeat(262_145) } : entry)),
    chance(),
  )
  assert.equal(
    published.map((each) => each.ok || each.code),
    Array.from({ length: 10 }, (_, place) => place !== 4 || 'InvalidParameter'),
  )
  assert.equal(sizes(), [10])
  assert.is((await queue.counts()).ready, 9)
})

test('FIFO: 25 messages of a connection arrive in the order in which they were given, and an event once', async () => {
  const { sizes, publisher, queue } = await open({}, '.fifo', { FifoQueue: 'true' })
  const entries = messages(25).map((entry, place) => publisher.mark(entry, { ...origin, id: `event-${place}` }))
  for (const _ of [1, 2]) assert.ok((await publisher.publish(entries, chance())).every(({ ok }) => ok))
  assert.equal(sizes(), [10, 10, 5, 10, 10, 5])
  const arrived: string[] = []
  // fauxqs hands out one message of a group at a time.
  for (const _ of entries)
    await queue.deliver(async ({ Records }) => {
      arrived.push(...Records.map(({ body, attributes }) => `${attributes.MessageGroupId} ${body}`))
      return { batchItemFailures: [] }
    })
  assert.equal(
    arrived,
    messages(25).map(({ message }) => `JKq5AfX9DoECIxg= ${message}`),
  )
  assert.is((await queue.counts()).ready, 0)
})

test('FIFO: a CloudEvent has its place without being marked', () => {
  const { entryOf, check } = sns({
    client: { send: async () => ({}) },
    topicArn: 'arn:aws:sns:eu-west-1:1:orders.fifo',
  })
  const { group, deduplicationId } = entryOf(event)
  assert.equal([group, deduplicationId], ['JKq5AfX9DoECIxg=', 'event-1'])
  check(entryOf(event))
})

const ARN = 'arn:aws:sns:eu-west-1:123456789012:orders'
for (const [what, entry, sentence, topicArn = ARN] of [
  ['another field', { message: 'x', body: 'x' }, "an entry of sns() has no such field. ('body'"],
  ['no message', {}, 'A message, a text that is not empty'],
  [
    'half a surrogate pair',
    { message: 'a\ud83db' },
    'has no halves of surrogate pairs, is missing in an entry of sns()',
  ],
  [
    'a subject of two lines',
    { message: 'x', subject: 'a\nb' },
    'A subject of 1 to 99 characters on one line is missing',
  ],
  ['a subject that is too long', { message: 'x', subject: 'x'.repeat(100) }, 'A subject of 1 to 99 characters'],
  ['an empty attribute', { message: 'x', attributes: { a: '' } }, 'A text or a number, not empty'],
  ['a deduplication id for a standard topic', { message: 'x', deduplicationId: 'd' }, 'Only what is FIFO takes a ded'],
  [
    'no group',
    { message: 'x', deduplicationId: 'd' },
    'The group is missing in an entry of sns(), which',
    `${ARN}.fifo`,
  ],
] as const)
  test(`an entry with ${what} is refused in a sentence`, async () => {
    const publisher = sns({ client: { send: () => Promise.reject(new Error('It was sent.')) }, topicArn })
    const error = thrown(() => publisher.check(entry as never))
    assert.instance(error, TypeError)
    assert.match(error.message, sentence)
    assert.is(Object(await rejection(publisher.publish([entry as never], chance()))).message, error.message)
  })

for (const [options, sentence] of [
  [{ topicArn: ARN }, 'An SNSClient of @aws-sdk/client-sns is missing in sns({ client }).'],
  [
    { client: 1, topicArn: 'orders' },
    'The ARN of a topic, arn:aws:sns:REGION:ACCOUNT:TOPIC, is missing in sns({ topicArn })',
  ],
  [{ client: 1, topicArn: ARN, queueUrl: 'x' }, "sns() has no such option. ('queueUrl' in sns()"],
  [{ client: 1, topicArn: ARN, fifo: 1 }, 'True or false is missing in sns({ fifo }).'],
  [{ client: 1, topicArn: ARN, maxBytes: 2 ** 21 }, 'A whole number of bytes, from 1 to 1048576, is missing in sns('],
] as const)
  test(`sns(${JSON.stringify(options)}) is refused in a sentence`, () => {
    const client = 'client' in options && { client: { send: async () => ({}) } }
    assert.match(thrown(() => sns({ ...options, ...client } as never)).message, sentence)
  })

test.run()
