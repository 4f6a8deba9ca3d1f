import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import {
  accept,
  type CloudEvent,
  InvalidArgumentError,
  type Options,
  PublishError,
  type Publisher,
  publishTo,
  route,
  ws,
} from 'ws-interlock'
import { jsonRpc } from 'ws-interlock/codec'
import { eventbridge } from 'ws-interlock/publish/eventbridge'
import { memory as bag } from 'ws-interlock/publish/memory'
import { messageEvent, testGateway } from 'ws-interlock/testing'
import { begin, outcome, warmClient } from '../client/kit.ts'
import { codesOf, peer, wire } from '../kit/wire.ts'
import { counting, refused } from './shop.ts'

const test = suite('publish: a route that publishes')
test.before(warmClient)

const Order = v.object({ item: v.string() })
const order = { action: 'order', id: '7', data: { item: 'tea' } }

/** An application with one route that publishes, and what came of it. */
const shop = (publisher: Publisher<never>, transform?: unknown, settings: Options = {}, later?: boolean) => {
  const net = wire()
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway, warn: () => {}, ...settings })
    .onConnect(() => accept())
    .on('order', Order, publishTo(publisher as never, transform as undefined, { later } as { later: true }))
    .onError((error) => void errors.push(error))
    .build()
  return { ...peer(app, net, 'ann='), net, errors }
}

test('a message becomes a CloudEvent, and its reply is the id that the service gave', async () => {
  const { bus, entries } = counting()
  const app = ws()
    .onConnect(() => accept())
    .on('order', Order, publishTo(bus))
    .build()
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  assert.equal(await ann.request('order', { item: 'tea' }), { action: 'order', id: '1', data: { id: 'memory-1' } })
  const { id, correlation, requestid, ...event } = Object(entries[0]) as CloudEvent
  assert.equal(event, {
    specversion: '1.0',
    source: 'ws-interlock/test/dev',
    type: 'order',
    time: new Date(gateway.clock.now()).toISOString(),
    datacontenttype: 'application/json',
    data: { item: 'tea' },
    connectionid: ann.connectionId,
    messageid: '1',
  })
  assert.match(id, /^[\w-]{43}$/)
  assert.match(requestid, /./)
  assert.is(await app.server.reply(correlation ?? '', 'again'), true)
  assert.equal(await ann.next(), { action: 'order', id: '1', data: 'again' })
  await gateway.close()
})

test('a transform makes the entry of the publisher, with what the message can be told by', async () => {
  const sent: unknown[] = []
  const client = {
    send: async ({ input }: { readonly input: { readonly Entries: readonly object[] } }) => {
      sent.push(...input.Entries)
      return { Entries: input.Entries.map((_, at) => ({ EventId: `e${at}` })) }
    },
  }
  const bus = eventbridge({ client: client as never, busName: 'shop', source: 'shop' })
  const { send } = shop(bus as never, (context: { name: string }, data: object, origin: { messageId: string }) => ({
    detailType: context.name,
    detail: { ...data, message: origin.messageId },
  }))
  assert.equal((await send(order)).frames, [{ ...order, data: { id: 'e0' } }])
  assert.equal(sent, [
    { EventBusName: 'shop', Source: 'shop', DetailType: 'order', Detail: '{"item":"tea","message":"7"}' },
  ])
})

test('several entries of a message leave in one call, and its reply has all of their ids', async () => {
  const { bus, calls } = counting()
  const two = async (_: unknown, { item }: { item: string }) => [bus.entryOf({ type: item } as never), { type: 'more' }]
  const { send } = shop(bus as never, two)
  assert.equal((await send(order)).frames, [{ ...order, data: { id: 'memory-1', ids: ['memory-1', 'memory-2'] } }])
  assert.equal(calls, [2])
})

test('a message that is sent again makes the same event again, and another message another one', async () => {
  const { bus, entries } = counting()
  const { send } = shop(bus as never)
  await send(order)
  await send(order)
  await send({ ...order, id: '8' })
  const [first, again, other] = entries.map(({ id }) => id)
  assert.is(again, first)
  assert.is.not(other, first)
})

test('a message without an id is published and answered, and has no correlation to be answered by later', async () => {
  const { bus, entries } = counting()
  const { send } = shop(bus as never)
  const { id, ...unnamed } = order
  assert.equal((await send(unnamed)).frames, [{ ...unnamed, data: { id: 'memory-1' } }])
  assert.equal(
    Object.keys(entries[0] ?? {}).filter((key) => /^(messageid|correlation)$/.test(key)),
    [],
  )
})

test('with `later` nothing is answered', async () => {
  const { bus, types } = counting()
  const { send } = shop(bus as never, undefined, {}, true)
  assert.equal(await send(order), { statusCode: 200, frames: [] })
  assert.equal(types(), ['order'])
})

test('with `later` a message without an id is refused before its transform runs, and nothing is published', async () => {
  const { bus, calls } = counting()
  const { send } = shop(bus as never, () => assert.unreachable(), {}, true)
  const { id, ...unnamed } = order
  const message = 'This message needs an id, since its answer comes later.'
  assert.equal((await send(unnamed)).frames, [{ action: 'order', error: { code: 'INVALID_ARGUMENT', message } }])
  assert.equal(calls, [])
  const rpc = shop(bus as never, undefined, { codec: jsonRpc() }, true)
  assert.equal((await rpc.send({ jsonrpc: '2.0', method: 'order', params: { item: 'tea' } })).frames, [])
  assert.equal(calls, [])
})

test('as a route response the ids are the body, and JSON-RPC has them as its result', async () => {
  const { bus } = counting()
  const { handle } = shop(bus as never, undefined, { replies: 'route-response' })
  const { body } = await handle(messageEvent({ connectionId: 'ann=', body: order }))
  assert.equal(JSON.parse(body ?? ''), { ...order, data: { id: 'memory-1' } })
  const rpc = shop(bus as never, undefined, { codec: jsonRpc() })
  const { frames } = await rpc.send({ jsonrpc: '2.0', method: 'order', id: 7, params: { item: 'tea' } })
  assert.equal(frames, [{ jsonrpc: '2.0', id: 7, result: { id: 'memory-2' } }])
})

test('a message that matches no route can be published as well', async () => {
  const { bus, entries } = counting()
  const net = wire()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .onDefault(publishTo(bus))
    .build()
  await peer(app, net).send({ action: 'whatever', data: 1 })
  assert.equal(
    entries.map(({ type, data }) => ({ type, data })),
    [{ type: '$default', data: { action: 'whatever', data: 1 } }],
  )
})

test('the reply is what its schema makes of the ids', async () => {
  const { bus } = counting()
  const net = wire()
  const reply = v.pipe(
    v.object({ id: v.string() }),
    v.transform(({ id }) => `order ${id}`),
  )
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('order', route({ input: Order, reply }), publishTo(bus))
    .build()
  assert.equal((await peer(app, net).send(order)).frames, [{ ...order, data: 'order memory-1' }])
})

// ---- failures

const unavailable = {
  code: 'UNAVAILABLE',
  message: 'What this message was to publish was not taken. Send it again later, with the same id.',
}
const internal = { code: 'INTERNAL', message: 'Internal error' }

test('what the service refuses fails the message, and the owner alone hears why', async () => {
  const { bus } = counting(refused)
  const { send, errors } = shop(bus as never)
  assert.equal((await send(order)).frames, [{ action: 'order', id: '7', error: unavailable }])
  const [{ cause }] = errors as [{ cause: PublishError }]
  assert.instance(cause, PublishError)
  assert.equal(
    cause.failures.map(({ id, ...failure }) => failure),
    [refused()],
  )
  assert.match(cause.message, /^1 of 1 events were not published\.\n {2}[\w-]{43}: InternalFailure: secret/)
})

for (const [said, publish, code, message] of [
  ['rejects', () => Promise.reject(new Error('no network')), 'FAILED', 'no network'],
  ['throws', () => assert.unreachable('thrown'), 'FAILED', 'thrown'],
  ['says nothing', async () => undefined, 'NO_OUTCOME', 'The publisher did not say what became of it.'],
  ['says too little', async () => [], 'NO_OUTCOME', 'The publisher did not say what became of it.'],
  ['makes no sense', async () => [{ ok: 'yes' }], 'NO_OUTCOME', 'The publisher did not say what became of it.'],
  ['gives no id', async () => [{ ok: true }], 'NO_OUTCOME', 'The publisher did not say what became of it.'],
  ['refuses, and does not say for how long,', async () => [{ ok: false, code: 'Full', message: 'No.' }], 'Full', 'No.'],
] as const)
  test(`a publisher that ${said} fails the message for good, and the owner hears it`, async () => {
    const { send, errors } = shop({ ...bag(), publish } as never)
    assert.equal((await send(order)).frames, [{ action: 'order', id: '7', error: internal }])
    const [{ cause }] = errors as [{ cause: PublishError }]
    assert.equal(
      cause.failures.map(({ id, ...failure }) => failure),
      [{ code, message, isPassing: false }],
    )
  })

/** Ten entries of a message, of which some are refused, and the client that sends it. */
const ten = async (refuse: (event: CloudEvent) => ReturnType<typeof refused> | undefined) => {
  const { bus, calls } = counting(refuse)
  const errors: unknown[] = []
  const entries = () => Array.from({ length: 10 }, (_, at) => bus.entryOf({ type: `entry ${at}` } as CloudEvent))
  const app = ws({ warn: () => {} })
    .onConnect(() => accept())
    .on('order', Order, publishTo(bus, entries))
    .onError((error) => void errors.push(error))
    .build()
  const { client, pass, end } = begin(app)
  const sending = outcome(client.send('order', { item: 'tea' }))
  await pass(60_000)
  const { error } = await sending
  await end()
  return { code: error?.code, calls, errors }
}

const forGood = { code: 'NotAuthorizedForSourceException', message: 'Not yours.', isPassing: false }

test('one entry of ten that is refused for good: the client sends the message once, and nine events are there once', async () => {
  const { code, calls, errors } = await ten(({ type }) => (type === 'entry 3' ? forGood : undefined))
  assert.is(code, 'INTERNAL')
  assert.equal(calls, [10])
  const [{ cause }] = errors as [{ cause: PublishError }]
  assert.match(
    cause.message,
    /^1 of 10 events were not published\.\n {2}[\w-]{43}: NotAuthorizedForSourceException: Not/,
  )
})

test('nor is it sent again where another entry would be taken later', async () => {
  const { calls } = await ten(({ type }) => ({ 'entry 3': forGood, 'entry 4': refused() })[type])
  assert.equal(calls, [10])
})

test('what may be taken later is sent again by the client, until it is', async () => {
  let refusals = 2
  const { code, calls } = await ten(({ type }) => (type === 'entry 3' && refusals-- > 0 ? refused() : undefined))
  assert.equal([code, calls], [undefined, [10, 10, 10]])
})

test('an entry that is too large fails the message with its size, and the service is not called', async () => {
  let calls = 0
  const bus = eventbridge({ client: { send: async () => ++calls } as never })
  const { send } = shop(bus as never, () => ({ detailType: 'x', detail: { text: 'é'.repeat(600_000) } }))
  const [frame] = (await send(order)).frames as [{ error: { code: string; message: string } }]
  assert.is(frame.error.code, 'RESOURCE_EXHAUSTED')
  assert.match(frame.error.message, /1200\d\d\d bytes/)
  assert.is(calls, 0)
})

for (const [said, transform, sentence] of [
  [
    'nothing',
    () => undefined,
    "'order' cannot be published. An entry, which is an object, is missing in what was made of it.",
  ],
  [
    'a text',
    () => 'tea',
    "'order' cannot be published. An entry, which is an object, is missing in what was made of it.",
  ],
  ['an empty list', () => [], "An entry is missing in what publishTo() is to publish of 'order'."],
  ['a BigInt', () => ({ n: 1n }), "'order' cannot be published. Do not know how to serialize a BigInt"],
] as const)
  test(`a transform that makes ${said} is a defect, told in a sentence`, async () => {
    const { bus, calls } = counting()
    const { send, errors } = shop(bus as never, transform)
    assert.equal(codesOf((await send(order)).frames), ['INTERNAL'])
    assert.equal(
      errors.map((error) => [(error as Error).name, (error as Error).message]),
      [['TypeError', sentence]],
    )
    assert.equal(calls, [])
  })

test('a transform refuses a message as a handler does', async () => {
  const { bus, calls } = counting()
  const { send } = shop(bus as never, () => {
    throw new InvalidArgumentError('Tea is out.')
  })
  assert.equal((await send(order)).frames, [
    { action: 'order', id: '7', error: { code: 'INVALID_ARGUMENT', message: 'Tea is out.' } },
  ])
  assert.equal(calls, [])
})

for (const [given, sentence] of [
  [[undefined], /^A publisher is missing in publishTo\(\): eventbridge\(\), sqs\(\), sns\(\) or memory\(\)/],
  [[{ publish: () => {} }], /^A publisher is missing in publishTo\(\)/],
  [[bag(), {}], /^A function, or undefined, is missing in publishTo\(publisher, transform\)\.$/],
  [
    [bag(), undefined, { latr: true }],
    /^publishTo\(\) has no such option\. \('latr' in publishTo\(\), which has later\)$/,
  ],
  [[bag(), undefined, { later: 1 }], /^A boolean is missing in publishTo\(\{ later \}\)\.$/],
  [[bag(), undefined, null], /^An object is missing in publishTo\(\)\.$/],
] as const)
  test(`without a compiler it says: ${sentence.source}`, () => {
    assert.throws(
      () => publishTo(...(given as unknown as Parameters<typeof publishTo>)),
      (error: unknown) => error instanceof TypeError && sentence.test(error.message),
    )
  })

test('publishTo() for a handshake is refused in a sentence', async () => {
  const errors: unknown[] = []
  const net = wire()
  const app = ws({ gateway: net.gateway })
    .onConnect(publishTo(bag()) as never)
    .onError((error) => void errors.push(error))
    .build()
  assert.is((await peer(app, net).connect()).statusCode, 500)
  assert.equal(
    errors.map((error) => (error as Error).message),
    ["publishTo() handles messages. (the phase 'connect')"],
  )
})

test('a context that is a copy is refused in a sentence', async () => {
  const { bus } = counting()
  const handler = publishTo(bus)
  const error = await handler({ name: 'order', data: 1 } as never).catch((thrown) => thrown)
  assert.is(error.message, 'A context as the library made it is missing in publishTo().')
})

test.run()
