import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Gateway, type Options, type ResourceExhaustedError, ws } from 'ws-interlock'
import { fanout } from 'ws-interlock/fanout/sqs'
import { memory } from 'ws-interlock/store/memory'
import { testGateway } from 'ws-interlock/testing'
import { rejection } from '../protocol/kit.ts'
import { pieces, whole } from './kit.ts'

const test = suite('a codec carries frames')

/** An application that replies, refuses, pushes, broadcasts and parts. */
const hall = (options: Options) =>
  ws({ warn: () => {}, ...options })
    .store(memory())
    .pushes({ said: v.string() })
    .onConnect(({ channel }) => channel('lobby').join())
    .on('echo', v.unknown(), ({ data }) => data)
    .on('push', v.string(), ({ data, push }) => push('said', data))
    .on('shout', v.string(), ({ data, channel }) => channel('lobby').broadcast('said', data))
    .on('part', v.string(), ({ data, close }) => close(data))
    .build()

test('replies, pushes, broadcasts, errors and farewells travel in the pieces of the codec', async () => {
  const app = hall({ codec: pieces(10) })
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  for (const [action, data] of [
    ['echo', 'one'],
    ['push', 'two'],
    ['shout', 'three'],
    ['nothing', 'four'],
  ]) {
    ann.send({ action, id: action, data })
    // Pieces say nothing of whose they are: one message after the other.
    await gateway.settled()
  }
  await app.server.connection(ann.connectionId).push('said', 'five')
  await app.server.channel('lobby').broadcast('said', 'six')
  ann.send({ action: 'part', data: 'seven' })
  await ann.untilClosed()
  assert.ok(ann.received.every((text) => String(text).length <= 11 && /^[<>]/.test(String(text))))
  const frames = whole(ann.received)
  for (const frame of [
    { action: 'echo', id: 'echo', data: 'one' },
    ...['two', 'three', 'five', 'six'].map((data) => ({ event: 'said', data })),
    { event: '$bye', data: { code: 'OK', message: 'seven' } },
  ])
    assert.is(frames.filter((one) => JSON.stringify(one) === JSON.stringify(frame)).length, 1, JSON.stringify(frame))
  assert.is((frames.find((one) => Object(one).error) as { id: string }).id, 'nothing')
  await gateway.close()
})

/** A gateway that counts, and refuses from a certain post on. */
const counting = (goneFrom = Number.POSITIVE_INFINITY) => {
  const posts: [retries: number | undefined, body: string][] = []
  const gateway: Gateway = {
    post: async (_, body, __, retries) => {
      posts.push([retries, body])
      return posts.length >= goneFrom ? { outcome: 'gone' } : { outcome: 'delivered' }
    },
    close: async () => ({ outcome: 'delivered' }),
    info: async () => undefined,
  }
  return { gateway, posts }
}

test('the first piece that is not delivered is the outcome, and no other one follows it', async () => {
  const { gateway, posts } = counting(2)
  const app = hall({ codec: pieces(10), gateway })
  assert.is(await app.server.connection('ann').push('said', 'a long way to go'), false)
  assert.is(posts.length, 2)
})

test('each piece of a broadcast is posted once, as each of its frames would be', async () => {
  const { gateway, posts } = counting()
  const store = memory()
  const app = ws({ codec: pieces(10), gateway })
    .store(store)
    .pushes({ said: v.string() })
    .onConnect(() => accept())
    .build()
  await store.records.create('ann', { version: 1, connectedAt: 0, ttl: 9_999_999_999 })
  await store.memberships.join('ann', 'lobby')
  assert.is((await app.server.channel('lobby').broadcast('said', 'far away')).delivered, 1)
  assert.equal([...new Set(posts.map(([retries]) => retries))], [0])
  assert.equal(whole(posts.map(([, body]) => body)), [{ event: 'said', data: 'far away' }])
})

test('what a queue carries out goes through the codec too', async () => {
  const client = { send: () => Promise.reject(new Error('It was put into SQS.')) }
  const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs'
  const app = hall({ codec: pieces(10), fanout: fanout({ client, queueUrl, above: 1 }) })
  const gateway = testGateway(app)
  const clients = [await gateway.connect(), await gateway.connect(), await gateway.connect()]
  await app.server.channel('lobby').broadcast('said', 'to all of you')
  await gateway.settled()
  for (const { received } of clients) {
    const [frame] = whole(received)
    assert.is(Object(frame).data, 'to all of you')
    assert.ok(received.length > 2)
  }
  await gateway.close()
})

test('the server of a message is the same one for as long as its gateway is', async () => {
  const { gateway } = counting()
  const seen = new Set<unknown>()
  const app = ws({ codec: pieces(10), gateway })
    .onConnect(({ server }) => void seen.add(server))
    .on('look', ({ server }) => void seen.add(server))
    .build()
  const running = testGateway(app)
  const ann = await running.connect()
  for (const id of ['1', '2', '3']) ann.send({ action: 'look', id })
  await running.settled()
  assert.is(seen.size, 1)
  await running.close()
})

const LARGE = 'x'.repeat(140_000)

test('a push of more than 128 KB fails with its size and the remedy, before anything is posted', async () => {
  const { gateway, posts } = counting()
  const store = memory()
  const { server } = ws({ gateway })
    .store(store)
    .pushes({ said: v.string() })
    .onConnect(() => accept())
    .build()
  const says =
    'The frame takes 140026 bytes; API Gateway carries 131072. Send less, or use ws({ codec: chunk() }) on both ends.'
  for (const sending of [
    server.connection('ann').push('said', LARGE),
    server.channel('lobby').broadcast('said', LARGE),
    server.user('ann').push('said', LARGE),
  ]) {
    const error = (await rejection(sending)) as ResourceExhaustedError
    assert.equal([error.code, error.message], ['RESOURCE_EXHAUSTED', says])
    assert.equal(error.details, { bytes: 140_026, maxBytes: 131_072 })
  }
  assert.is(posts.length, 0)
})

test("of a reply of more than 128 KB the peer reads the size, and the handler's push fails its message", async () => {
  const app = ws({ warn: () => {} })
    .pushes({ said: v.string() })
    .onConnect(() => accept())
    .onError(() => {})
    .on('much', () => LARGE)
    .on('push', ({ push }) => push('said', LARGE))
    .build()
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  for (const name of ['much', 'push'] as const) {
    const { error } = await ann.request(name)
    assert.is(error?.code, 'RESOURCE_EXHAUSTED')
    assert.match(error?.message ?? '', /^The frame takes 1400\d\d bytes; API Gateway carries 131072\. Send less/)
  }
  await gateway.close()
})

test('a codec that carries more is held to its own limit', async () => {
  const { gateway, posts } = counting()
  const { server } = hall({ codec: pieces(100_000, 150_000), gateway })
  assert.ok(await server.connection('ann').push('said', LARGE))
  assert.is(posts.length, 2)
  const error = await rejection(server.connection('ann').push('said', LARGE + LARGE))
  assert.is(Object(error).message, 'The frame takes 280026 bytes; its codec carries 150000. Send less.')
  assert.is(posts.length, 2)
})

test.run()
