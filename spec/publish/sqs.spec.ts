import { type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type SqsOptions, sqs } from 'ws-interlock/publish/sqs'
import { type Queue, sqsOf } from '../kit/sqs.ts'
import { rejection } from '../protocol/kit.ts'
import { chance, event, origin, thrown, underTrace } from './kit.ts'

const test = suite('publish: SQS')
const service = sqsOf()
test.after(service.end)

/** A publisher to a queue, and what it sends, as it is sent. */
const open = async (options: Partial<SqsOptions> = {}, attributes: Record<string, string> = {}) => {
  const queue = await service.queue(attributes)
  const calls: { readonly Entries: readonly Record<string, unknown>[] }[] = []
  const send = (command: never, until?: object) => {
    calls.push(Object(command).input)
    return queue.client.send(command, until)
  }
  return { queue, calls, publisher: sqs({ client: { send }, queueUrl: queue.queueUrl, ...options }) }
}

const receive = async ({ client, queueUrl }: Queue): Promise<readonly Message[]> => {
  const request = { QueueUrl: queueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }
  const answer = await client.send(new ReceiveMessageCommand({ ...request, MessageSystemAttributeNames: ['All'] }))
  return answer.Messages ?? []
}

const attributesOf = ({ MessageAttributes = {} }: Message = {}) =>
  Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]))

const bodies = (count: number) => Array.from({ length: count }, (_, place) => ({ body: `message ${place}` }))

test('25 messages are three calls; each has the id that the service gave it', async () => {
  const { queue, calls, publisher } = await open()
  const published = await publisher.publish(bodies(25), chance())
  assert.equal(calls.map(({ Entries }) => Entries.length).sort(), [10, 10, 5])
  assert.equal((await queue.counts()).ready, 25)
  assert.is(new Set(published.map((each) => each.ok && each.id)).size, 25)
})

test('results are in the order of the messages', async () => {
  const { queue, publisher } = await open()
  const published = await publisher.publish(bodies(10), chance())
  const bodyOf = new Map((await receive(queue)).map(({ MessageId, Body }) => [MessageId, Body]))
  assert.equal(
    published.map((each) => each.ok && bodyOf.get(each.id)),
    bodies(10).map(({ body }) => body),
  )
})

test('a CloudEvent is a JSON body of characters that every SQS takes, and reads as the same event', async () => {
  const { queue, publisher } = await open()
  await publisher.publish([publisher.mark(publisher.entryOf(event), origin)], chance())
  const [message] = await receive(queue)
  assert.equal(JSON.parse(message?.Body ?? ''), event)
  assert.equal(attributesOf(message), {
    correlation: 'WzEsImMi',
    eventId: 'event-1',
    connectionId: 'JKq5AfX9DoECIxg=',
    messageId: 'm1',
    requestId: 'JKq5BGpSjoEFWzQ=',
  })
})

test('attributes of the entry stand, and what is known of the message takes the places that are left of ten', () => {
  const { mark } = sqs({ client: { send: async () => ({}) }, queueUrl: 'https://sqs/queue' })
  const { attributes } = mark({ body: 'x', attributes: { eventId: 'mine', total: 5 } }, origin)
  const { correlation, connectionId, messageId, requestId } = origin
  assert.equal(attributes, { eventId: 'mine', total: 5, correlation, connectionId, messageId, requestId })
  const eight = Object.fromEntries(Array.from({ length: 8 }, (_, place) => [`a${place}`, 'x']))
  assert.equal(mark({ body: 'x', attributes: eight }, origin).attributes, { ...eight, correlation, eventId: 'event-1' })
})

test('an id of a message that no attribute takes is left out, and so is what is not known', async () => {
  const { queue, publisher } = await open()
  const unknown = { ...origin, messageId: 'a\u0000b', correlation: undefined }
  await publisher.publish([publisher.mark({ body: 'x' }, unknown)], chance())
  const [message] = await receive(queue)
  const { id, connectionId, requestId } = origin
  assert.equal(attributesOf(message), { eventId: id, connectionId, requestId })
})

test('a number travels as a number', async () => {
  const { queue, publisher } = await open()
  await publisher.publish([{ body: 'x', attributes: { total: 12.5 } }], chance())
  const [message] = await receive(queue)
  assert.equal(message?.MessageAttributes?.total, { DataType: 'Number', StringValue: '12.5' })
})

test('the trace of an invocation goes along beside the attributes, and its bytes count for nothing', async () => {
  const { calls, publisher, queue } = await open({ maxBytes: 15 })
  const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
  // The body is 5; the attribute 2 for the name, 6 for String and 2 for the value.
  const entry = { body: 'order', attributes: { of: 'me' } }
  for (const each of [trace, undefined, 'Root=1']) await underTrace(each, () => publisher.publish([entry], chance()))
  assert.equal(
    calls.flatMap(({ Entries }) => Entries.map(({ MessageSystemAttributes }) => MessageSystemAttributes)),
    [{ AWSTraceHeader: { DataType: 'String', StringValue: trace } }, undefined, undefined],
  )
  assert.is((await queue.counts()).ready, 3)
})

test('a message is counted in UTF-8 with its attributes, and one byte too many is refused before anything is sent', async () => {
  // The body is 10; the attribute 4 for the name, 6 for String and 2 for the value.
  const entry = { body: 'ééééé', attributes: { name: 'é' } }
  const { publisher } = await open({ maxBytes: 22 })
  assert.equal(
    (await publisher.publish([entry], chance())).map(({ ok }) => ok),
    [true],
  )
  const { publisher: smaller, calls } = await open({ maxBytes: 21 })
  const error = Object(await rejection(smaller.publish([{ body: 'x' }, entry], chance())))
  assert.equal([error.code, error.details], ['RESOURCE_EXHAUSTED', { bytes: 22, maxBytes: 21 }])
  assert.equal(calls, [])
})

test('1 MiB goes in one message, and messages of 1 MiB together in one call: one byte more is another call', async () => {
  const { calls, publisher, queue } = await open()
  const body = (bytes: number) => ({ body: 'é'.repeat(bytes / 2) })
  const published = await publisher.publish([body(1_048_576), body(524_288), body(524_288), body(2)], chance())
  assert.equal(
    published.map(({ ok }) => ok),
    [true, true, true, true],
  )
  assert.equal(calls.map(({ Entries }) => Entries.length).sort(), [1, 1, 2])
  assert.is((await queue.counts()).ready, 4)
})

test('one bad message of ten fails alone: this queue takes less than SQS does', async () => {
  const { calls, publisher, queue } = await open({}, { MaximumMessageSize: '1024' })
  const published = await publisher.publish(
    bodies(10).map((entry, place) => (place === 4 ? { body: 'x'.repeat(1025) } : entry)),
    chance(),
  )
  assert.equal(
    published.map((each) => each.ok || each.code),
    Array.from({ length: 10 }, (_, place) => place !== 4 || 'InvalidParameterValue'),
  )
  assert.is(calls.length, 1)
  assert.is((await queue.counts()).ready, 9)
})

const FIFO = { FifoQueue: 'true' }

test('FIFO: 25 messages of a connection arrive in the order in which they were given', async () => {
  const { calls, publisher, queue } = await open({}, FIFO)
  const entries = bodies(25).map((entry, place) => publisher.mark(entry, { ...origin, id: `event-${place}` }))
  const published = await publisher.publish(entries, chance())
  assert.ok(published.every(({ ok }) => ok))
  assert.equal(
    calls.map(({ Entries }) => Entries.length),
    [10, 10, 5],
  )
  const arrived: string[] = []
  // fauxqs hands out one message of a group at a time.
  for (const _ of entries)
    await queue.deliver(async ({ Records }) => {
      arrived.push(...Records.map(({ body }) => body))
      return { batchItemFailures: [] }
    })
  assert.equal(
    arrived,
    bodies(25).map(({ body }) => body),
  )
})

test('FIFO: the group is the connection and the deduplication id that of the event, so that an event is there once', async () => {
  const { publisher, queue } = await open({}, FIFO)
  const twice = [publisher.mark(publisher.entryOf(event), origin), publisher.mark(publisher.entryOf(event), origin)]
  const published = await publisher.publish(twice, chance())
  assert.ok(published.every(({ ok }) => ok))
  const messages = await receive(queue)
  assert.equal(
    messages.map(({ Attributes = {} }) => [Attributes.MessageGroupId, Attributes.MessageDeduplicationId]),
    [['JKq5AfX9DoECIxg=', 'event-1']],
  )
})

test('FIFO: an entry has its own group and id if it says so; an id that SQS does not take is replaced by its digest', () => {
  const { mark, check } = sqs({ client: { send: async () => ({}) }, queueUrl: 'https://sqs/queue.fifo' })
  const own = mark({ body: 'x', group: 'g', deduplicationId: 'd' }, origin)
  assert.equal([own.group, own.deduplicationId], ['g', 'd'])
  const odd = mark({ body: 'x' }, { ...origin, id: `möglich ${'x'.repeat(200)}` })
  assert.match(`${odd.deduplicationId}`, /^[\w-]{43}$/)
  assert.is(odd.deduplicationId, mark({ body: 'y' }, { ...origin, id: `möglich ${'x'.repeat(200)}` }).deduplicationId)
  check(odd)
})

const place = { group: 'g', deduplicationId: 'd' }
for (const [what, entry, sentence, url = 'https://sqs/queue'] of [
  ['no object', 'x', 'An object is missing in an entry of sqs().'],
  ['another field', { body: 'x', delay: 5 }, "an entry of sqs() has no such field. ('delay'"],
  ['no body', {}, 'A body, a text that is not empty'],
  ['an empty body', { body: '' }, 'A body, a text that is not empty'],
  ['a character that XML does not have', { body: 'a\u0000b' }, 'has only characters of XML 1.0, is missing'],
  ['half a surrogate pair', { body: 'a\ud83db' }, 'has only characters of XML 1.0, is missing'],
  [
    'an empty attribute',
    { body: 'x', attributes: { a: '' } },
    'A text or a number, not empty and of valid characters, is',
  ],
  ['an attribute that is no number', { body: 'x', attributes: { a: Number.NaN } }, 'A number that is finite'],
  ['an attribute of AWS', { body: 'x', attributes: { 'AWS.a': 'x' } }, "attributes, 'AWS.a'"],
  ['a name with two periods', { body: 'x', attributes: { 'a..b': 'x' } }, 'A name of letters, digits, _, - and single'],
  [
    'eleven attributes',
    { body: 'x', attributes: Object.fromEntries(Array.from({ length: 11 }, (_, each) => [`a${each}`, 'x'])) },
    'A message has 10 attributes at most. (11 in an entry of sqs())',
  ],
  ['a delay of a day', { body: 'x', delaySeconds: 86_400 }, 'A delaySeconds from 0 to 900 is missing'],
  ['a deduplication id for a standard queue', { body: 'x', deduplicationId: 'd' }, 'Only what is FIFO takes a dedup'],
  ['a group with a blank', { body: 'x', group: 'a b' }, 'A group of 1 to 128 letters, digits and punctuation'],
  ['no group', { body: 'x', deduplicationId: 'd' }, 'The group is missing in an entry of sqs(), which is FIFO.', 'f'],
  ['no deduplication id', { body: 'x', group: 'g' }, 'The deduplicationId is missing in an entry of sqs()', 'f'],
  ['a delay for a FIFO queue', { body: 'x', delaySeconds: 5, ...place }, 'A standard queue, which alone delays', 'f'],
] as const)
  test(`an entry with ${what} is refused in a sentence`, async () => {
    let calls = 0
    const send = async () => {
      calls++
      return {}
    }
    const queueUrl = url === 'f' ? 'https://sqs/queue.fifo' : url
    const publisher = sqs({ client: { send }, queueUrl })
    const error = thrown(() => publisher.check(entry as never))
    assert.instance(error, TypeError)
    assert.match(error.message, sentence)
    assert.is(Object(await rejection(publisher.publish([entry as never], chance()))).message, error.message)
    assert.is(calls, 0)
  })

test('a text with emoji, line breaks and the last of the allowed characters is no bad entry', () => {
  const { check } = sqs({ client: { send: async () => ({}) }, queueUrl: 'https://sqs/queue' })
  for (const body of ['😀', 'a\n\r\tb', '\ufffd', '\ud7ff\ue000', '\u{10ffff}']) check({ body })
})

for (const [options, sentence] of [
  [{ queueUrl: 'https://sqs/queue' }, 'An SQSClient of @aws-sdk/client-sqs is missing in sqs({ client }).'],
  [{ client: 1, queueUrl: 'queue' }, 'The https:// URL of a queue is missing in sqs({ queueUrl }).'],
  [{ client: 1, queueUrl: 'https://sqs/queue', group: 'x' }, "sqs() has no such option. ('group' in sqs()"],
  [{ client: 1, queueUrl: 'https://sqs/queue', fifo: 'yes' }, 'True or false is missing in sqs({ fifo }).'],
  [{ client: 1, queueUrl: 'https://sqs/queue', maxBytes: 0 }, 'A whole number of bytes, from 1 to 1048576, is missing'],
] as const)
  test(`sqs(${JSON.stringify(options)}) is refused in a sentence`, () => {
    const client = 'client' in options && { client: { send: async () => ({}) } }
    assert.match(thrown(() => sqs({ ...options, ...client } as never)).message, sentence)
  })

test.run()
