import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chunk } from 'ws-interlock/codec'
import { fanout } from 'ws-interlock/fanout/sqs'
import { sqsOf } from '../kit/sqs.ts'
import { rejection } from '../protocol/kit.ts'
import { crowd, DONE, kindsOf } from './kit.ts'

const test = suite('fanout: what is put into the queue')
const sqs = sqsOf()
test.after(sqs.end)

const API = { apiId: 'a1b2c3d4e5', stage: 'prod', domainName: 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com' }
const hello = { text: 'hello' }
const counted = (more: object) => ({ delivered: 0, gone: 0, throttled: 0, failed: 0, deferred: 0, ...more })

test('few members are told at once, and nothing is put into the queue', async () => {
  const { channel, fill, line, sent } = crowd(await sqs.queue(), { above: 10 })
  const ids = await fill(10)
  assert.equal(await channel().broadcast('said', hello), counted({ delivered: 10 }))
  assert.equal(sent, [])
  assert.equal(line.counts(ids), Array(10).fill(1))
})

test('one more, and each shard is a job; every frame carries the id of the broadcast', async () => {
  const queue = await sqs.queue()
  const { channel, fill, line, sent, store, time, work } = crowd(queue, { above: 10 })
  await store.memberships.grow?.('lobby', 4)
  const ids = await fill(11)
  assert.equal(await channel().broadcast('said', hello), counted({ deferred: 11 }))
  assert.is(line.posts, 0)
  const [{ id, frame }] = sent.map(({ body }) => Object(body)) as [{ id: string; frame: string }]
  assert.equal(JSON.parse(frame), { event: 'said', id, data: hello })
  const job = { kind: 'fanout-shard', id, channel: 'lobby', until: time.now() + 300_000, frame }
  assert.equal(
    sent.map(({ body }) => body),
    [0, 1, 2, 3].map((shard) => ({ ...job, shard, shards: 4, seen: 0, except: [] })),
  )
  assert.equal(await queue.deliver(work, 4), DONE)
  // A shard of few is told by whoever reads it.
  assert.is(sent.length, 4)
  assert.equal([...new Set(line.frames.values())].flat(), Array(11).fill(frame))
  assert.equal(line.counts(ids), Array(11).fill(1))
})

test('a shard of more than 500 becomes page jobs of 500, and who is left out is in none of them', async () => {
  const queue = await sqs.queue()
  const { channel, fill, line, sent, work } = crowd(queue)
  const ids = await fill(1_203)
  const except = ids.slice(100, 102)
  await channel().broadcast('said', hello, { except })
  await queue.deliver(work)
  assert.equal(kindsOf(sent), ['fanout-shard', 'fanout-page', 'fanout-page', 'fanout-page'])
  const pages = sent.slice(1).map(({ body }) => Object(body).connectionIds as readonly string[])
  assert.equal(
    pages.map(({ length }) => length),
    [500, 500, 201],
  )
  assert.equal(await queue.deliver(work, 3), DONE)
  assert.equal(
    line.counts(ids),
    ids.map((id) => (except.includes(id) ? 0 : 1)),
  )
})

test('the worker is told where the connections are reached, as far as the event of the broadcast said', async () => {
  const { ann, channel, fill, sent } = crowd(await sqs.queue())
  await fill(11)
  await ann.connect({ query: '?room=lobby', ...API })
  await ann.send({ action: 'say', data: { room: 'lobby', text: 'hello' } }, API)
  await channel().broadcast('said', hello)
  assert.equal(
    sent.map(({ body }) => Object(body).api),
    [API, undefined],
  )
})

test('a frame that takes more than 100 KB in a job is kept once in the store, and read back by the worker', async () => {
  const queue = await sqs.queue()
  const { channel, fill, line, sent, store, work } = crowd(queue)
  await store.memberships.grow?.('lobby', 2)
  const ids = await fill(600)
  // Each quote takes two bytes more inside of a job.
  const text = '"'.repeat(40_000)
  await channel().broadcast('said', { text })
  assert.equal(
    sent.map(({ body }) => Object(body).frame),
    [undefined, undefined],
  )
  await queue.drain(work)
  assert.equal(line.counts(ids), Array(600).fill(1))
  assert.is(JSON.parse(line.frames.get('m1')?.[0] ?? '').data.text, text)
})

test('a frame that no store keeps, as chunk() makes them, is refused with its size before anything is put into the queue', async () => {
  const { channel, fill, sent } = crowd(await sqs.queue(), { options: { codec: chunk() } })
  await fill(600)
  const error = await rejection(channel().broadcast('said', { text: 'x'.repeat(300_000) }))
  assert.match(
    String(error),
    /The frame takes 3000\d\d bytes; a broadcast that a queue carries out has 262144 at most\.$/,
  )
  assert.equal(sent, [])
})

test('what SQS refuses as no character of XML, and emulators as none of theirs, arrives as it was said', async () => {
  const queue = await sqs.queue()
  const { app, fill, line, store, work } = crowd(queue, { above: 1 })
  const room = 'a\ufffe\uffff{}:#"'
  const text = '\uffff\ufffe\u0001\ud800 \u{1fffe} 👋 é'
  await fill(3, room)
  await app.server.channel(room).broadcast('said', { text })
  await queue.drain(work)
  assert.is(JSON.parse(line.frames.get('m0')?.[0] ?? '').data.text, text)
  assert.is((await store.memberships.members(room)).connectionIds.length, 3)
})

test('jobs go in as few requests as SQS takes them in: ten at a time, and 256 KiB', async () => {
  const queue = await sqs.queue()
  const requests: number[][] = []
  const { client, queueUrl } = queue
  const counting = {
    send: async (command: { readonly input: { readonly Entries: readonly { readonly MessageBody: string }[] } }) => {
      requests.push(command.input.Entries.map(({ MessageBody }) => MessageBody.length))
      return client.send(command as never)
    },
  }
  const options = { fanout: fanout({ client: counting, queueUrl, above: 10 }) }
  const { channel, fill, store } = crowd(queue, { options })
  await store.memberships.grow?.('lobby', 32)
  await fill(11)
  await channel().broadcast('said', hello)
  assert.equal(
    requests.map(({ length }) => length),
    [10, 10, 10, 2],
  )
  requests.length = 0
  await channel().broadcast('said', { text: 'x'.repeat(100_000) })
  assert.equal(
    requests.map(({ length }) => length),
    Array(16).fill(2),
  )
  assert.is(await queue.counts().then(({ ready }) => ready), 64)
})

test('what SQS refuses of a request is sent again, alone; when it keeps refusing the broadcast rejects', async () => {
  const queue = await sqs.queue()
  const { client, queueUrl } = queue
  const fault = { refuses: 2, isSender: false, asked: [] as number[] }
  const refusing = {
    send: async (command: { readonly input: { Entries: readonly { readonly Id: string }[] } }) => {
      const { Entries: entries } = command.input
      fault.asked.push(entries.length)
      const isRefused = fault.refuses-- > 0
      const refused = isRefused ? entries.slice(1) : []
      command.input.Entries = isRefused ? entries.slice(0, 1) : entries
      const answer = await client.send(command as never)
      const Failed = refused.map(({ Id }) => ({ Id, Code: 'Busy', Message: 'later', SenderFault: fault.isSender }))
      return { ...Object(answer), ...(isRefused && { Failed }) }
    },
  }
  const options = { fanout: fanout({ client: refusing, queueUrl, above: 10 }) }
  const { channel, fill, store } = crowd(queue, { options })
  await store.memberships.grow?.('lobby', 4)
  await fill(11)
  await channel().broadcast('said', hello)
  assert.equal(fault.asked, [4, 3, 2])
  assert.equal(await queue.counts(), { delayed: 0, ready: 4 })

  const refused = 'of the 4 jobs of a request were not put into the queue: Busy later'
  Object.assign(fault, { refuses: 1, isSender: true, asked: [] })
  assert.is(String(await rejection(channel().broadcast('said', hello))), `Error: 3 ${refused}`)
  assert.equal(fault.asked, [4])
  // Ten shards more than a request takes, and each request gets one of them through.
  await store.memberships.grow?.('lobby', 16)
  Object.assign(fault, { refuses: 99, isSender: false, asked: [] })
  assert.match(
    String(await rejection(channel().broadcast('said', hello))),
    /^Error: \d of the (10|6) jobs of a request were not put into the queue: Busy later$/,
  )
  assert.is(fault.asked.filter((count) => count === 10).length, 1)
})

test('ids that are too long for a queue are refused in a sentence', async () => {
  const { channel, fill } = crowd(await sqs.queue())
  await fill(11)
  const except = Array.from({ length: 500 }, (_, index) => `${index}`.repeat(300))
  assert.match(
    String(await rejection(channel().broadcast('said', hello, { except }))),
    /^RangeError: A job of a broadcast takes \d{6} bytes, and SQS carries 262144: its ids are too long\.$/,
  )
})

test('a queue that is gone fails the broadcast', async () => {
  const queue = await sqs.queue()
  const { channel, fill } = crowd(queue)
  await fill(11)
  await queue.drop()
  assert.is(Object(await rejection(channel().broadcast('said', hello))).name, 'QueueDoesNotExist')
})

test('whoever of few has no turn before the signal aborts is left to the queue', async () => {
  const queue = await sqs.queue()
  const { channel, fill, line, sent, work } = crowd(queue, { above: 200 })
  const ids = await fill(200)
  const stop = new AbortController()
  line.meets = (_, nth) => {
    if (nth === 20) stop.abort()
    return undefined
  }
  const { delivered, deferred } = await channel().broadcast('said', hello, { signal: stop.signal })
  assert.is(delivered + deferred, 200)
  assert.ok(deferred > 0)
  assert.equal(kindsOf(sent), ['fanout-page'])
  assert.equal(await queue.deliver(work), DONE)
  assert.equal(line.counts(ids), Array(200).fill(1))
})

test('more than 500 connections to leave out are refused in a sentence, of a channel of any size', async () => {
  const { channel } = crowd(await sqs.queue())
  const except = Array.from({ length: 501 }, (_, index) => `m${index}`)
  assert.is(
    String(await rejection(channel().broadcast('said', hello, { except }))),
    'TypeError: A broadcast that may be fanned out leaves out 500 connections at most, and not 501: each of its jobs carries them.',
  )
  assert.equal(await channel().broadcast('said', hello, { except: except.slice(1) }), counted({}))
})

test('what is no client, no URL, no number or no option is refused in a sentence', () => {
  const client = { send: async () => {} }
  const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs'
  const refused = (options: unknown) => {
    try {
      // What plain JavaScript could pass.
      fanout(options as never)
    } catch (error) {
      return `${Object(error).name}: ${Object(error).message}`
    }
    throw new Error('It was taken.')
  }
  const needed = (what: string, where: string) => `TypeError: ${what} is missing in ${where}.`
  assert.is(refused(undefined), needed('An object', 'fanout()'))
  assert.is(refused({ queueUrl }), needed('An SQSClient of @aws-sdk/client-sqs', 'fanout({ client })'))
  for (const other of [undefined, '', 'jobs', 'arn:aws:sqs:eu-west-1:123456789012:jobs', 42])
    assert.is(refused({ client, queueUrl: other }), needed('The https:// URL of a queue', 'fanout({ queueUrl })'))
  for (const above of [-1, 1.5, '5', Number.NaN])
    assert.is(refused({ client, queueUrl, above }), needed('A whole number, from 0 up,', 'fanout({ above })'))
  for (const ttlMs of [0, 3_600_001, '5', Number.POSITIVE_INFINITY])
    assert.is(
      refused({ client, queueUrl, ttlMs }),
      needed('A whole number of milliseconds, from 1 to 3600000,', 'fanout({ ttlMs })'),
    )
  assert.is(
    refused({ client, queueUrl, delay: 1 }),
    "TypeError: fanout() has no such option. ('delay' in fanout(), which has client, queueUrl, above, ttlMs)",
  )
  assert.is(
    refused({ client, queueUrl: `${queueUrl}.fifo` }),
    `TypeError: A FIFO queue delays no single message. Make a standard queue. ('${queueUrl}.fifo' in fanout())`,
  )
})

test.run()
