import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type CloudEvent, PublishError, type Publishing, publishing, publishTo, reject, ws } from 'ws-interlock'
import { eventbridge } from 'ws-interlock/publish/eventbridge'
import { memory } from 'ws-interlock/publish/memory'
import { testGateway } from 'ws-interlock/testing'
import { warm } from '../kit/warm.ts'
import { codesOf, latch, peer, wire } from '../kit/wire.ts'
import { counting, refused } from './shop.ts'

const test = suite('publish: events of handlers')
test.before(warm)

type Publish = Publishing['publish']

/** An application whose handler does what it is told, and what came of it. */
const shop = (
  handler: (context: Publishing) => unknown,
  refuse?: (event: CloudEvent) => ReturnType<typeof refused>,
) => {
  const net = wire()
  const errors: unknown[] = []
  const counted = counting(refuse)
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .use(publishing(counted.bus))
    .onConnect(() => accept())
    .on('go', handler)
    .onError((error) => void errors.push(error))
    .build()
  return { ...peer(app, net), ...counted, errors }
}
const go = { action: 'go', id: '7' }

for (const [events, calls] of [
  [1, 1],
  [10, 1],
  [11, 2],
  [25, 3],
] as const)
  test(`${events} events of an invocation take ${calls} calls of the service`, async () => {
    const sizes: number[] = []
    const client = {
      send: async ({ input }: { readonly input: { readonly Entries: readonly object[] } }) => {
        sizes.push(input.Entries.length)
        return { Entries: input.Entries.map((_, at) => ({ EventId: `e${at}` })) }
      },
    }
    const net = wire()
    const app = ws({ gateway: net.gateway })
      .use(publishing(eventbridge({ client: client as never })))
      .onConnect(() => accept())
      .on('go', async ({ publish }) => {
        for (let n = 0; n < events; n++) await publish('counted', { n })
      })
      .build()
    assert.equal((await peer(app, net).send(go)).frames, [go])
    assert.is(sizes.length, calls)
    assert.is(
      sizes.reduce((sum, size) => sum + size, 0),
      events,
    )
  })

test('publish() gives the id of the event, which is the same when the message is handled again', async () => {
  const { send, entries } = shop(({ publish }) => Promise.all([publish('a', 1), publish('a', 2), publish('b')]))
  const { frames } = await send(go)
  const ids = entries.map(({ id }) => ({ id }))
  assert.equal(frames, [{ ...go, data: ids }])
  assert.is(new Set(ids.map(({ id }) => id)).size, 3)
  assert.equal((await send(go)).frames, frames)
})

test('events leave in the order in which they were asked for, whichever is ready first', async () => {
  const first = latch()
  const counted = counting()
  const net = wire()
  const transform = async (_: unknown, event: CloudEvent) => {
    if (event.type === 'slow') await first.passed
    return event
  }
  const app = ws({ gateway: net.gateway })
    .use(publishing(counted.bus, { transform }))
    .onConnect(() => accept())
    .on('go', async ({ publish }) => {
      const slow = publish('slow')
      await publish('quick')
      first.open()
      await slow
    })
    .build()
  await peer(app, net).send(go)
  assert.equal(counted.types(), ['slow', 'quick'])
})

test('what a handler does not await leaves all the same; what it publishes when it has returned is refused', async () => {
  let late: Publish | undefined
  const { bus, types } = counting()
  const errors: unknown[] = []
  const net = wire()
  /** It takes its time: longer than the handler does. */
  const transform = (_: unknown, event: CloudEvent) =>
    new Promise<CloudEvent>((resolve) => setImmediate(() => resolve(event)))
  const app = ws({ gateway: net.gateway })
    .use(publishing(bus, { transform }))
    .onConnect(() => accept())
    .on('go', ({ publish }) => {
      late = publish
      void publish('first').then(() => publish('second'))
    })
    .onError((error) => void errors.push(error))
    .build()
  assert.equal((await peer(app, net).send(go)).frames, [go])
  assert.equal(types(), ['first', 'second'])
  const error = await late?.('third').catch((thrown) => thrown)
  assert.match(error.message, /^publish\(\) was called after its handler had returned/)
  assert.equal(errors, [error])
  assert.equal(types(), ['first', 'second'])
})

test('a handler that goes on without an event of its route still publishes the others', async () => {
  const { bus, types } = counting()
  const net = wire()
  const refusing = publishTo(bus, () => [])
  const app = ws({ gateway: net.gateway })
    .use(publishing(bus))
    .onConnect(() => accept())
    .on('go', async (context) => {
      await refusing(context).catch(() => context.publish('instead'))
    })
    .build()
  assert.equal((await peer(app, net).send(go)).frames, [go])
  assert.equal(types(), ['instead'])
})

test('a handler that throws publishes nothing', async () => {
  const { send, calls } = shop(async ({ publish }) => {
    await publish('go')
    throw new RangeError('secret')
  })
  assert.equal(codesOf((await send(go)).frames), ['INTERNAL'])
  assert.equal(calls, [])
})

test('one event of three that is refused for good fails the message as a defect, and the owner hears which', async () => {
  const refuseB = ({ type }: CloudEvent) => (type === 'b' ? { ...refused(), isPassing: false } : (undefined as never))
  const { send, types, errors } = shop(async ({ publish }) => {
    for (const type of ['a', 'b', 'c']) await publish(type)
  }, refuseB)
  assert.equal(codesOf((await send(go)).frames), ['INTERNAL'])
  assert.equal(types(), ['a', 'c'])
  const [{ cause }] = errors as [{ cause: PublishError }]
  assert.equal(
    cause.failures.map(({ code, isPassing }) => [code, isPassing]),
    [['InternalFailure', false]],
  )
})

test('one event of three that is refused fails the message, and the owner hears which', async () => {
  const refuseB = ({ type }: CloudEvent) => (type === 'b' ? refused() : (undefined as never))
  const { send, types, errors } = shop(async ({ publish }) => {
    for (const type of ['a', 'b', 'c']) await publish(type)
  }, refuseB)
  assert.equal(codesOf((await send(go)).frames), ['UNAVAILABLE'])
  assert.equal(types(), ['a', 'c'])
  const [{ cause }] = errors as [{ cause: PublishError }]
  assert.instance(cause, PublishError)
  assert.is(cause.failures.length, 1)
  assert.match(cause.message, /^1 of 3 events were not published/)
})

for (const [said, publish, sentence] of [
  [
    'a BigInt',
    (publish: Publish) => publish('go', 1n),
    "'go' cannot be published. Do not know how to serialize a BigInt",
  ],
  [
    'no type',
    (publish: Publish) => publish('', 1),
    'The type of the event, a text, is missing in publish(type, data).',
  ],
  [
    'a number for a type',
    (publish: Publish) => publish(1 as never),
    'The type of the event, a text, is missing in publish(type, data).',
  ],
] as const)
  test(`${said} is refused at once, and the others leave where the handler goes on`, async () => {
    const caught: unknown[] = []
    const { send, types, errors } = shop(async (context) => {
      await publish(context.publish).catch((error) => caught.push(error))
      await context.publish('other')
    })
    assert.equal((await send(go)).frames, [go])
    assert.equal(
      caught.map((error) => [(error as Error).name, (error as Error).message]),
      [['TypeError', sentence]],
    )
    // As with a push that is not awaited: it has failed, and the owner hears of it.
    assert.equal(errors, caught)
    assert.equal(types(), ['other'])
  })

test('an event that is too large is refused at once, with its size, and fails a handler that lets it through once', async () => {
  const net = wire()
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .use(publishing(eventbridge({ client: { send: () => assert.unreachable() } as never, maxBytes: 1_000 })))
    .onConnect(() => accept())
    .on('go', ({ publish }) => publish('go', 'x'.repeat(2_000)))
    .onError((error) => void errors.push(error))
    .build()
  const { frames } = await peer(app, net).send(go)
  assert.equal(codesOf(frames), ['RESOURCE_EXHAUSTED'])
  assert.match(JSON.stringify(frames), /2\d\d\d bytes/)
  assert.is(errors.length, 1)
})

// ---- around handlers

test('a route that publishes and the middleware around it need one call, and their events have ids of their own', async () => {
  const { bus, calls, entries, types } = counting()
  const app = ws()
    .use(publishing(bus))
    .use(async ({ publish }, next) => {
      await publish('before')
      const passed = await next()
      await publish('after')
      return passed
    })
    .onConnect(() => accept())
    .on('order', v.string(), publishTo(bus))
    .build()
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  calls.length = 0
  entries.length = 0
  assert.equal((await ann.request('order', 'tea')).data, { id: 'memory-4' })
  assert.equal([calls, types()], [[3], ['before', 'order', 'after']])
  assert.is(new Set(entries.map(({ id }) => id)).size, 3)
  await gateway.close()
})

test('two buses get their own events; one that is named twice gets them in one call', async () => {
  const [audit, bus] = [counting(), counting()]
  const net = wire()
  const app = ws({ gateway: net.gateway })
    .use(publishing(audit.bus))
    .use(async ({ publish }, next) => {
      await publish('audited')
      return next()
    })
    .use(publishing(bus.bus))
    .use(publishing(bus.bus, { transform: (_, event) => ({ ...event, type: `${event.type}!` }) }))
    .onConnect(() => accept())
    .on('go', async ({ publish }) => void (await publish('gone')))
    .build()
  await peer(app, net).send(go)
  assert.equal([audit.calls, audit.types()], [[1], ['audited']])
  assert.equal([bus.calls, bus.types()], [[1], ['gone!']])
  assert.is.not(audit.entries[0]?.id, bus.entries[0]?.id)
})

test('a handshake and a farewell publish too, with no message to be answered', async () => {
  const { bus, entries, calls } = counting()
  const app = ws()
    .use(publishing(bus))
    .onConnect(async ({ publish, query }) => {
      await publish('came', { name: query.get('name') })
      return query.has('name') ? accept() : reject(401)
    })
    .onDisconnect(async ({ publish, code }) => void (await publish('left', { code })))
    .build()
  const gateway = testGateway(app)
  const ann = await gateway.connect({ query: '?name=ann' })
  ann.close(1000)
  await gateway.settled()
  await gateway.close()
  assert.equal(
    entries.map(({ type, data, connectionid, messageid, correlation }) => [
      type,
      data,
      connectionid,
      messageid,
      correlation,
    ]),
    [
      ['came', { name: 'ann' }, ann.connectionId, undefined, undefined],
      ['left', { code: 1000 }, ann.connectionId, undefined, undefined],
    ],
  )
  assert.is.not(entries[0]?.id, entries[1]?.id)
  assert.equal(calls, [1, 1])
})

for (const [said, isPassing, status] of [
  ['not taken', true, 503],
  ['refused for good', false, 500],
] as const)
  test(`a handshake whose events are ${said} is refused with ${status}, and a farewell tells the owner`, async () => {
    const errors: unknown[] = []
    const net = wire()
    const app = ws({ gateway: net.gateway, warn: () => {} })
      .use(publishing(counting(() => ({ ...refused(), isPassing })).bus))
      .onConnect(async ({ publish }) => void (await publish('came')))
      .onDisconnect(async ({ publish }) => void (await publish('left')))
      .onError((error) => void errors.push(error))
      .build()
    const ann = peer(app, net)
    assert.is((await ann.connect()).statusCode, status)
    assert.is((await ann.disconnect()).statusCode, 200)
    assert.equal(
      errors.map((error) => (error as { cause: object }).cause instanceof PublishError),
      [true, true],
    )
  })

test('a failure that a farewell does not await is told to the owner', async () => {
  const errors: unknown[] = []
  const net = wire()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .use(publishing(memory()))
    .onDisconnect(({ publish }) => {
      publish('left', 1n).catch(() => {})
    })
    .onError((error) => void errors.push(error))
    .build()
  await peer(app, net).disconnect()
  assert.equal(
    errors.map((error) => (error as Error).message),
    ["'left' cannot be published. Do not know how to serialize a BigInt"],
  )
})

test('replyLater() refuses a message without an id, and nothing is published', async () => {
  const { send, calls } = shop(async ({ publish, replyLater }) => {
    await publish('go')
    return replyLater()
  })
  const message = 'This message needs an id, since its answer comes later.'
  assert.equal((await send({ action: 'go' })).frames, [{ action: 'go', error: { code: 'INVALID_ARGUMENT', message } }])
  assert.equal(calls, [])
})

test('replyLater() leaves a message without an answer, and there is none to leave in a handshake', async () => {
  const { send, types } = shop(async ({ publish, replyLater }) => {
    await publish('go')
    return replyLater()
  })
  assert.equal(await send(go), { statusCode: 200, frames: [] })
  assert.equal(types(), ['go'])
  const errors: unknown[] = []
  const app = ws({ gateway: wire().gateway })
    .use(publishing(memory()))
    .onConnect(({ replyLater }) => replyLater())
    .onError((error) => void errors.push(error))
    .build()
  assert.is((await peer(app, wire()).connect()).statusCode, 500)
  assert.equal(
    errors.map((error) => (error as Error).message),
    ["There is no message to reply to. (replyLater(), in the phase 'connect')"],
  )
})

for (const [given, sentence] of [
  [[undefined], /^A publisher is missing in publishing\(\): eventbridge\(\), sqs\(\), sns\(\) or memory\(\)/],
  [
    [memory(), { transfrom: () => {} }],
    /^publishing\(\) has no such option\. \('transfrom' in publishing\(\), which has transform\)$/,
  ],
  [[memory(), { transform: 'CloudEvents' }], /^A function is missing in publishing\(\{ transform \}\)\.$/],
  [[memory(), []], /^An object is missing in publishing\(\)\.$/],
] as const)
  test(`without a compiler it says: ${sentence.source}`, () => {
    assert.throws(
      () => publishing(...(given as unknown as Parameters<typeof publishing>)),
      (error: unknown) => error instanceof TypeError && sentence.test(error.message),
    )
  })

test.run()
