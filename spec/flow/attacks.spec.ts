import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Delivery, InternalError, NotFoundError, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { assign, setup } from 'xstate'
import { lambdaWith, peer, stoppedClock, wire } from '../kit/wire.ts'
import { codes, quiet } from '../protocol/kit.ts'

const test = suite('flow: what attackers and plain JavaScript try')

const open = (gateway = wire()) => {
  const start = ws({ gateway: gateway.gateway, warn: () => {} }).onConnect(() => accept())
  return { net: gateway, start }
}
const answering = (delivery: Delivery) => {
  const net = wire()
  return { ...net, gateway: { ...net.gateway, post: async () => delivery } }
}

test('a post that meets a 410 while the handshake may still be on its way costs the newcomer nothing', async () => {
  const net = wire()
  const clock = stoppedClock()
  const store = memory(clock)
  const app = ws({ gateway: net.gateway, clock, warn: () => {} })
    .store(store)
    .pushes({ news: v.string() })
    .onConnect(async ({ channel }) => channel('all').join())
    .build()
  const ann = peer(app, net)
  await ann.connect()
  net.cut(ann.connectionId)
  clock.advance(29_000)
  assert.equal(await app.server.channel('all').broadcast('news', 'x'), {
    delivered: 0,
    gone: 1,
    throttled: 0,
    failed: 0,
    deferred: 0,
  })
  assert.is(await store.memberships.has(ann.connectionId, 'all'), true)
  assert.is((await store.records.read(ann.connectionId))?.closed, undefined)
  clock.advance(1_000)
  await app.server.channel('all').broadcast('news', 'x')
  assert.is(await store.memberships.has(ann.connectionId, 'all'), false)
})

test('a join that the store refuses fails the message, and says what to do', async () => {
  const net = wire()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(memory())
    .onConnect(() => accept())
    .on('join', async ({ channel }) => {
      await channel('r').join()
      return 'joined'
    })
    .build()
  assert.equal(codes((await peer(app, net).send({ action: 'join', id: '1' })).frames), ['FAILED_PRECONDITION'])
})

for (const [what, delivery, pattern] of [
  ['forbids', { outcome: 'forbidden', reason: 'grant me' }, /grant me/],
  ['throttles', { outcome: 'throttled', retryAfterMs: 5 }, /throttling/],
] as const)
  test(`a reply that the gateway ${what} is in the log`, async () => {
    const { net, start } = open(answering(delivery))
    const log = quiet()
    const { statusCode } = await peer(start.on('a', () => 1).build(), net).send({ action: 'a', id: '1' })
    log.restore()
    assert.is(statusCode, 200)
    assert.match(String(log.log), pattern)
  })

test('an InternalError that a handler throws is in the log, with its words', async () => {
  const { net, start } = open()
  const log = quiet()
  const app = start
    .on('a', () => {
      throw new InternalError('the disk is full')
    })
    .build()
  const { frames } = await peer(app, net).send({ action: 'a', id: '1' })
  log.restore()
  assert.match(String(log.log), /the disk is full/)
  assert.equal(codes(frames), ['INTERNAL'])
})

for (const [what, details, message] of [
  ['details that JSON cannot write', { n: 1n }, 'no'],
  ['more words than API Gateway carries', undefined, 'x'.repeat(140_000)],
] as const)
  test(`an error of ${what} still answers the message, with its code`, async () => {
    const { net, start } = open()
    const log = quiet()
    const app = start
      .on('a', () => {
        throw new NotFoundError(message, { details })
      })
      .build()
    const { frames } = await peer(app, net).send({ action: 'a', id: '1' })
    log.restore()
    assert.equal(codes(frames), ['NOT_FOUND'])
    assert.is(log.log.length, 1)
  })

test('a handler cannot lead its reply to another connection', async () => {
  const { net, start } = open()
  const app = start.on('a', ({ connection }) => void Object.assign(connection, { id: 'victim=' })).build()
  const { frames } = await peer(app, net).send({ action: 'a', id: '1' })
  assert.equal(frames, [{ action: 'a', id: '1' }])
  assert.equal(net.taken('victim='), [])
})

test('a schema that answers with a thenable is waited for', async () => {
  const issues = [{ message: 'never' }]
  // biome-ignore lint/suspicious/noThenProperty: this is what is tried
  const validate = () => ({ then: (resolve: (result: object) => void) => resolve({ issues }) }) as never
  const { net, start } = open()
  const schema = { '~standard': { version: 1, vendor: 'own', validate } } as const
  const { frames } = await peer(start.on('a', schema, () => 'ran').build(), net).send({ action: 'a', id: '1' })
  assert.equal(codes(frames), ['INVALID_ARGUMENT'])
})

test('a middleware that calls next() after it has returned runs nothing', async () => {
  const ran: string[] = []
  let late: (() => Promise<unknown>) | undefined
  const { net } = open()
  const log = quiet()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .use(async (_, next) => {
      late = next
    })
    .onConnect(() => accept())
    .on('a', () => void ran.push('a'))
    .build()
  await peer(app, net).send({ action: 'a' })
  log.restore()
  assert.throws(() => late?.(), /after it had returned/)
  assert.equal(ran, [])
})

for (const returned of [{ statusCode: 401 }, {}, false, null, { accepted: false }, { status: 200 }, { status: '401' }])
  test(`onConnect that returns ${JSON.stringify(returned)} lets nobody in`, async () => {
    const log = quiet()
    const app = ws({ warn: () => {} })
      .onConnect(() => returned as never)
      .build()
    const { statusCode } = await peer(app, wire()).connect()
    log.restore()
    assert.is(statusCode, 500)
    assert.match(String(log.log), /reject\(status/)
  })

test('deadlines in a circle end with an error, and not with the process', async () => {
  const net = wire()
  const circle = setup({ types: { events: {} as { type: 'x' } } }).createMachine({
    initial: 'a',
    states: { a: { after: { 0: 'b' }, on: { x: stay } }, b: { after: { 0: 'a' }, on: { x: stay } } },
  })
  const log = quiet()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(memory())
    .protocol(circle)
    .onConnect(() => accept())
    .on('x', () => {})
    .build()
  const ann = peer(app, net)
  await ann.connect()
  const { frames } = await ann.send({ action: 'x', id: '1' })
  log.restore()
  assert.equal(codes(frames), ['INTERNAL'])
  assert.match(String(log.log), /circle/)
})

for (const [what, value] of [
  ['a Set', new Set([1])],
  ['a number without end', Number.POSITIVE_INFINITY],
  ['a function', () => 1],
  ['a gap in a list', [1, undefined]],
] as const)
  test(`${what} in the context, which JSON does not keep, is refused, and the error says where it is`, async () => {
    const net = wire()
    const machine = setup({
      types: { context: {} as { seen: unknown }, events: {} as { type: 'x' } },
    }).createMachine({
      context: { seen: [] },
      initial: 'a',
      states: { a: { on: { x: { actions: assign({ seen: () => value }) } } } },
    })
    const log = quiet()
    const app = ws({ gateway: net.gateway, warn: () => {} })
      .store(memory())
      .protocol(machine)
      .onConnect(() => accept())
      .on('x', () => {})
      .build()
    const ann = peer(app, net)
    await ann.connect()
    const { frames } = await ann.send({ action: 'x', id: '1' })
    log.restore()
    assert.equal(codes(frames), ['INTERNAL'])
    assert.match(String(log.log), /context\.seen/)
  })

test('a gateway that could not be found is looked for again, and one that was is kept', async () => {
  const { AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: url, ...env } = process.env
  const before = process.env
  process.env = env
  const log = quiet()
  try {
    const app = ws({ warn: () => {} })
      .onConnect(() => accept())
      .on('a', () => 1)
      .build()
    const ann = peer(app, wire())
    await ann.send({ action: 'a', id: '1' })
    process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI = 'http://127.0.0.1:1/dev'
    await ann.send({ action: 'a', id: '2' })
    process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI = 'http://127.0.0.1:2/dev'
    await ann.send({ action: 'a', id: '3' })
  } finally {
    log.restore()
    process.env = before
  }
  const [first, second, third] = log.log.map(String)
  assert.match(first ?? '', /AWS_REGION is not set/)
  assert.match(second ?? '', /127\.0\.0\.1:1\/dev failed/)
  assert.match(third ?? '', /127\.0\.0\.1:1\/dev failed/)
})

test('a long unknown name gets no hint, which would cost more than the message', async () => {
  const { net, start } = open()
  const app = start.on('a'.repeat(60), () => {}).build()
  const { frames } = await peer(app, net).send({ action: 'a'.repeat(61) })
  assert.not.match(JSON.stringify(frames), /Did you mean/)
})

test('a post is given up when the function is about to die', async () => {
  const signals: (AbortSignal | undefined)[] = []
  const net = wire()
  const post = async (id: string, body: string, signal?: AbortSignal) => {
    signals.push(signal)
    return net.gateway.post(id, body)
  }
  const app = ws({ gateway: { ...net.gateway, post }, warn: () => {} })
    .pushes({ step: v.number() })
    .onConnect(() => accept())
    .on('a', async ({ push, signal }) => {
      await push('step', 1)
      assert.is(signals[0], signal)
    })
    .build()
  const { frames } = await peer(app, net).send({ action: 'a', id: '1' }, {}, lambdaWith(10_000))
  assert.is(frames.length, 2)
  assert.instance(signals[1], AbortSignal)
})

test.run()
