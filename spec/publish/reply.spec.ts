import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import {
  accept,
  type CloudEvent,
  NotFoundError,
  type Options,
  type Publisher,
  publishing,
  publishTo,
  route,
  ws,
} from 'ws-interlock'
import { RemoteError } from 'ws-interlock/client'
import * as codecs from 'ws-interlock/client/codec'
import { flat, jsonRpc } from 'ws-interlock/codec'
import { localGateway } from 'ws-interlock/local'
import { memory as bag } from 'ws-interlock/publish/memory'
import { messageEvent } from 'ws-interlock/testing'
import { begin, outcome, warmClient } from '../client/kit.ts'
import { peer as socket, within } from '../kit/peer.ts'
import { peer, wire } from '../kit/wire.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('publish: replies that come later')
test.before(warmClient)

const Order = v.object({ item: v.string() })
const Receipt = v.object({
  price: v.pipe(v.number('A price is a number.'), v.transform(String)),
  note: v.optional(v.string()),
})
const Step = v.object({ packed: v.number('So many are packed.') })
const quote = route({ input: Order, reply: Receipt, progress: Step })

/** A shop whose orders are answered by whoever reads the bus. */
const shop = (options: Options = {}) => {
  const kept = bag()
  const waiting: (() => void)[] = []
  const bus: Publisher<CloudEvent> & Pick<typeof kept, 'entries'> = {
    ...kept,
    publish: async (...given) => {
      const published = await kept.publish(...given)
      for (const tell of waiting.splice(0)) tell()
      return published
    },
  }
  /** The correlation of what is published next. */
  const next = () => within<string>('an event', (done) => waiting.push(() => done(last())))
  const build = (more: Options = {}) =>
    ws({ warn: () => {}, ...options, ...more })
      .use(publishing(bus))
      .onConnect(() => accept())
      .on('order', quote, publishTo(bus, undefined, { later: true }))
      .on('ask', quote, async ({ publish, replyLater, data }) => {
        await publish('asked', data)
        return replyLater()
      })
      .on('plain', () => 'ok')
      .build()
  /** The correlation of what was published last. */
  const last = () => bus.entries.at(-1)?.correlation ?? assert.unreachable('No event has a correlation.') ?? ''
  return { app: build(), build, bus, last, next }
}

for (const name of ['order', 'ask'] as const)
  test(`send('${name}') resolves with what another place replies, as the schema of the route makes it`, async () => {
    const { app, last } = shop()
    const { client, settle, end } = begin(app)
    const sending = client.send(name, { item: 'tea' })
    await settle()
    assert.is(await app.server.reply(last(), { price: 12 }), true)
    assert.equal(await sending, { price: '12' })
    // Twice, as of a queue that delivers twice: nobody waits for the second one.
    assert.is(await app.server.reply(last(), { price: 13 }), true)
    assert.equal(client.state, 'open')
    await end()
  })

test('stream() gets the steps that another place tells, and then the reply', async () => {
  const { app, last } = shop()
  const { client, settle, end } = begin(app)
  const stream = client.stream('order', { item: 'tea' })
  await settle()
  const { progress, reply } = app.server
  for (const packed of [1, 2]) assert.is(await progress(last(), { packed }), true)
  assert.is(await reply(last(), { price: 1 }), true)
  const steps: unknown[] = []
  for await (const step of stream) steps.push(step)
  assert.equal(steps, [{ packed: 1 }, { packed: 2 }])
  assert.equal(await stream.reply, { price: '1' })
  await end()
})

test('send() rejects with the error that another place replies by', async () => {
  const { app, last } = shop()
  const { client, settle, end } = begin(app)
  const sending = outcome(client.send('order', { item: 'tea' }))
  await settle()
  await app.server.reply(last(), new NotFoundError('Tea is out.', { details: { item: 'tea' }, cause: 'secret' }))
  const { error } = await sending
  assert.instance(error, RemoteError)
  const { code, message, details } = error as RemoteError
  assert.equal([code, message, details], ['NOT_FOUND', 'Tea is out.', { item: 'tea' }])
  await end()
})

test('many messages that wait at a time get each its own reply, in whatever order', async () => {
  const { app, bus } = shop()
  const { client, settle, end } = begin(app)
  const sending = [1, 2, 3].map((n) => client.send('order', { item: String(n) }))
  await settle()
  for (const { data, correlation } of bus.entries.toReversed())
    await app.server.reply(correlation ?? '', { price: Number((data as { item: string }).item) })
  assert.equal(await Promise.all(sending), [{ price: '1' }, { price: '2' }, { price: '3' }])
  await end()
})

for (const [said, codec, client] of [
  ['flat()', flat, codecs.flat],
  ['jsonRpc()', jsonRpc, codecs.jsonRpc],
] as const)
  test(`with ${said} the reply, the steps and the errors come in its words`, async () => {
    const { app, last } = shop({ codec: codec() })
    const begun = begin(app, { codec: client() })
    const stream = begun.client.stream('order', { item: 'tea' })
    await begun.settle()
    await app.server.progress(last(), { packed: 1 })
    await app.server.reply(last(), { price: 12, note: 'hot' })
    assert.equal(await stream.next(), { done: false, value: { packed: 1 } })
    assert.equal(await stream.reply, { price: '12', note: 'hot' })
    const sending = outcome(begun.client.send('order', { item: 'tea' }))
    await begun.settle()
    await app.server.reply(last(), new NotFoundError('Tea is out.'))
    assert.is((await sending).error?.message, 'Tea is out.')
    await begun.end()
  })

// ---- what can be wrong

/** A message that waits for its reply, and the ways to give it one. */
const asked = async () => {
  const net = wire()
  const { app, build, bus, last } = shop({ gateway: net.gateway })
  const ann = peer(app, net)
  await ann.send({ action: 'order', id: '7', data: { item: 'tea' } })
  return { app, build: () => build({ gateway: net.gateway }), bus, ann, net, correlation: last() }
}

test('whoever is gone is answered false, and so is whoever is told how far it is', async () => {
  const { app, net, ann, correlation } = await asked()
  net.cut(ann.connectionId)
  assert.is(await app.server.reply(correlation, { price: 1 }), false)
  assert.is(await app.server.progress(correlation, { packed: 1 }), false)
})

const note = (...parts: readonly unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')
const api = ['a1', 'prod', 'a1.execute-api.eu-west-1.amazonaws.com']

for (const [said, given] of [
  ['nothing', undefined],
  ['an object', {}],
  ['an empty text', ''],
  ['another text', 'order 66'],
  ['base64 of no JSON', Buffer.from('order').toString('base64url')],
  ['another version', note(2, 'c', 'order', '7', ...api)],
  ['too few parts', note(1, 'c', 'order', '7', 'a1', 'prod')],
  ['too many parts', note(1, 'c', 'order', '7', ...api, 'order', 'more')],
  ['a number for an id', note(1, 'c', 'order', 7, ...api)],
  ['no connection', note(1, '', 'order', '7', ...api)],
  ['a host with a path', note(1, 'c', 'order', '7', 'a1', 'prod', 'evil.test/x?')],
  ['an API with a path', note(1, 'c', 'order', '7', 'evil.test/x', 'prod', 'a')],
  ['an object for a route', note(1, 'c', 'order', '7', ...api, {})],
] as const)
  test(`${said} is no correlation`, async () => {
    const { app, net } = await asked()
    const before = net.posts()
    for (const answer of [app.server.reply, app.server.progress]) {
      const error = await rejection(answer(given as string, { price: 1 }))
      assert.instance(error, TypeError)
      assert.is((error as Error).message, 'This is no correlation. Pass the text that came with the event, as it is.')
    }
    assert.is(net.posts(), before)
  })

test('what is no reply of its route, or no step, is a mistake of whoever says it, and the peer hears nothing', async () => {
  const { app, ann, correlation } = await asked()
  const { reply, progress } = app.server
  for (const [answering, sentence] of [
    [reply(correlation, { price: 'twelve' }), "The reply of 'order' is not valid: A price is a number."],
    [progress(correlation, { packed: 'all' }), "The progress of 'order' is not valid: So many are packed."],
    [
      progress(note(1, 'c', 'plain', '7', ...api), 1),
      "'plain' has no progress. Say what it is: route({ progress: schema }).",
    ],
  ] as const) {
    const error = await rejection(answering)
    assert.equal([(error as Error).name, (error as Error).message], ['TypeError', sentence])
  }
  assert.equal(ann.taken(), [])
})

test('a reply above 128 KB is refused with its size, and another one can still be given', async () => {
  const { app, ann, correlation } = await asked()
  const error = await rejection(app.server.reply(correlation, { price: 1, note: 'x'.repeat(140_000) }))
  assert.is((error as { code: string }).code, 'RESOURCE_EXHAUSTED')
  assert.match((error as Error).message, /^The frame takes 140\d\d\d bytes; API Gateway carries 131072\./)
  await app.server.reply(correlation, new NotFoundError('The receipt is too long.'))
  assert.equal(ann.taken(), [
    { action: 'order', id: '7', error: { code: 'NOT_FOUND', message: 'The receipt is too long.' } },
  ])
})

test('an application without the route does not answer for the one that has it', async () => {
  const { correlation, net } = await asked()
  const other = ws({ gateway: net.gateway, warn: () => {} })
    .on('else', () => {})
    .build()
  const error = await rejection(other.server.reply(correlation, { price: 1 }))
  assert.match(
    (error as Error).message,
    /^This correlation is of a message 'order', which this application has no route for\./,
  )
})

test('where API Gateway chose the route the reply is checked by that one', async () => {
  const net = wire()
  const { bus, build } = shop({ gateway: net.gateway })
  const app = build({ routeBy: 'routeKey' })
  const ann = peer(app, net)
  for (const action of [undefined, 'something']) {
    const body = { ...(action && { action }), id: '7', data: { item: 'tea' } }
    await app(messageEvent({ connectionId: ann.connectionId, body, routeKey: 'order' }), {} as never)
    const { correlation = '' } = bus.entries.at(-1) as CloudEvent
    assert.match(`${await rejection(app.server.reply(correlation, { price: 'x' }))}`, /The reply of 'order'/)
    await app.server.reply(correlation, { price: 1 })
    assert.equal(ann.taken(), [{ ...(action && { action }), id: '7', data: { price: '1' } }])
  }
})

// ---- from elsewhere

test('another function replies: it finds the API in the correlation, or in its environment', async () => {
  const { app, build, next } = shop()
  const { url, endpoint, close } = await localGateway(app)
  const ann = await socket(url)
  const [first, asking] = [next(), ann.ask('order', { item: 'tea' })]
  await build().server.reply(await first, { price: 1 })
  assert.equal((await asking).data, { price: '1' })

  const [second, again] = [next(), ann.ask('order', { item: 'tea' })]
  const [, connectionId, action, id] = JSON.parse(Buffer.from(await second, 'base64url').toString())
  process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI = endpoint
  try {
    await build().server.reply(note(1, connectionId, action, id, ...api), { price: 2 })
  } finally {
    delete process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI
  }
  assert.equal((await again).data, { price: '2' })
  ann.close()
  await close()
})

test.run()
