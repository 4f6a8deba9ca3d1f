import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fakeClock, type TestGatewayOptions, type TestHandshake, testGateway } from 'ws-interlock/testing'
import { ok } from '../kit/local.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('what testGateway is given')

const CHAOS = 'testGateway: chaos must be true, or { seed?, delays?, … } with chances from 0 to 1, not'
const OPTIONS =
  'stage, routes, routeSelectionExpression, routeResponse, authorizer, identitySource, stageVariables, integrationTimeoutMs, lambdaTimeoutMs, idleMs, maxAgeMs, clock, customDomain, connectsPerSecond, requestsPerSecond, messagesPerSecond, chaos, observe, seed'

const options: readonly (readonly [given: unknown, sentence: string])[] = [
  [null, 'testGateway: the options must be an object, not null.'],
  [5, 'testGateway: the options must be an object, not 5.'],
  [[], 'testGateway: the options must be an object, not [].'],
  [{ isolation: true }, `testGateway: there is no option 'isolation'. The options are ${OPTIONS}.`],
  [{ random: Math.random }, `testGateway: there is no option 'random'. The options are ${OPTIONS}.`],
  [{ sede: 1 }, `testGateway: there is no option 'sede'. The options are ${OPTIONS}.`],
  [{ seed: 1.5 }, 'testGateway: seed must be an integer, not 1.5.'],
  [{ seed: 2 ** 53 }, 'testGateway: seed must be an integer, not 9007199254740992.'],
  [{ seed: '7' }, "testGateway: seed must be an integer, not '7'."],
  [{ clock: {} }, 'testGateway: clock must be a fakeClock(), not {}.'],
  [{ chaos: 'yes' }, `${CHAOS} 'yes'.`],
  [{ chaos: false }, `${CHAOS} false.`],
  [{ chaos: 7 }, `${CHAOS} 7.`],
]
for (const [given, sentence] of options)
  test(`the options ${JSON.stringify(given)} are refused in a sentence`, () => {
    assert.throws(() => testGateway(ok, given as TestGatewayOptions), sentence)
  })

test('a chance that is none, and a chaos that there is not, are refused', () => {
  for (const chaos of [{ kills: 2 }, { storms: 1 }, { seed: 0.5 }])
    assert.throws(
      () => testGateway(ok, { chaos } as TestGatewayOptions),
      /^testGateway: chaos must be \{ seed \}, an integer/,
    )
})

test('an option that is undefined counts as not given', async () => {
  const names = [...OPTIONS.split(', '), 'isolation']
  const gateway = testGateway(ok, Object.fromEntries(names.map((name) => [name, undefined])))
  const none = { query: undefined, headers: undefined, subprotocols: undefined, sourceIp: undefined, x: undefined }
  const peer = await gateway.connect(none as unknown as TestHandshake)
  assert.is(gateway.seed, 1)
  assert.is(peer.closed, undefined)
  await gateway.close()
  const chaotic = testGateway(ok, { seed: 3, chaos: { seed: undefined, kills: undefined } } as unknown as object)
  assert.is(chaotic.chaos?.seed, 3)
  await chaotic.close()
})

const ONE_LINE = 'must be on one line, in Latin-1, not'
const PROTOCOLS = "subprotocols must be a list such as ['v1', 'v2'], of names without spaces or commas, each once, not"

const handshakes: readonly (readonly [given: unknown, sentence: string])[] = [
  [null, 'connect: the options must be an object, not null.'],
  ['?a=1', "connect: the options must be an object, not '?a=1'."],
  [{ querry: '?a=1' }, "connect: there is no option 'querry'. The options are query, headers, subprotocols, sourceIp."],
  [{ query: 5 }, "connect: query must be a text such as '?name=ann', or a record of texts, not 5."],
  [{ query: { a: 5 } }, "connect: query must be a text such as '?name=ann', or a record of texts, not { a: 5 }."],
  [{ headers: { a: 5 } }, 'connect: headers must be a record of texts, not { a: 5 }.'],
  [{ headers: 'a' }, "connect: headers must be a record of texts, not 'a'."],
  [{ headers: { 'a b': 'x' } }, "connect: the name of a header has letters, digits and hyphens, not 'a b'."],
  [{ headers: { 'a\n': 'x' } }, "connect: the name of a header has letters, digits and hyphens, not 'a\\n'."],
  [{ headers: { a: 'x\r\ny' } }, `connect: the header 'a' ${ONE_LINE} 'x\\r\\ny'.`],
  [{ headers: { a: '東' } }, `connect: the header 'a' ${ONE_LINE} '東'.`],
  [{ subprotocols: 'v1' }, `connect: ${PROTOCOLS} 'v1'.`],
  [{ subprotocols: ['v1', 5] }, `connect: ${PROTOCOLS} [ 'v1', 5 ].`],
  [{ subprotocols: ['v1, v2'] }, `connect: ${PROTOCOLS} [ 'v1, v2' ].`],
  [{ subprotocols: ['v1', 'v1'] }, `connect: ${PROTOCOLS} [ 'v1', 'v1' ].`],
  [{ sourceIp: 5 }, 'connect: sourceIp must be a text, not 5.'],
]
for (const [given, sentence] of handshakes)
  test(`connect(${JSON.stringify(given)}) is refused in a sentence, and nobody is asked`, async () => {
    const gateway = testGateway(async () => assert.unreachable('$connect was asked'))
    const error = await rejection(gateway.connect(given as TestHandshake))
    assert.instance(error, TypeError)
    assert.is(Object(error).message, sentence)
    await gateway.close()
  })

test('what is no message is refused, and the connection stays open', async () => {
  const gateway = testGateway(ok)
  const peer = await gateway.connect()
  for (const [body, shown] of [
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [() => {}, '[Function (anonymous)]'],
  ] as const)
    assert.throws(() => peer.send(body), `send: a message is a text, bytes, or what JSON can say, not ${shown}.`)
  assert.instance(await rejection(peer.request('x', 1n)), TypeError)
  assert.is(peer.closed, undefined)
  peer.send(new ArrayBuffer(1))
  assert.is(Object(peer.closed).code, 1003)
  await gateway.close()
})

const CODE = 'close: a client closes with 1000, or with a code from 3000 to 4999, not'

const farewells: readonly (readonly [code: unknown, reason: unknown, sentence: string])[] = [
  [999, undefined, `${CODE} 999.`],
  [1001, undefined, `${CODE} 1001.`],
  [1005, undefined, `${CODE} 1005.`],
  [1006, undefined, `${CODE} 1006.`],
  [5000, undefined, `${CODE} 5000.`],
  [3000.5, undefined, `${CODE} 3000.5.`],
  ['1000', undefined, `${CODE} '1000'.`],
  [undefined, 'bye', "close: a reason needs a code before it, not 'bye'."],
  [1000, 5, 'close: a reason is a text of at most 123 bytes, not 5.'],
  [1000, 'é'.repeat(62), `close: a reason is a text of at most 123 bytes, not '${'é'.repeat(62)}'.`],
]
for (const [code, reason, sentence] of farewells)
  test(`close(${String(code)}, ${String(reason).slice(0, 5)}) is refused in a sentence, and the connection stays open`, async () => {
    const gateway = testGateway(ok)
    const peer = await gateway.connect()
    assert.throws(() => peer.close(code as number, reason as string), sentence)
    assert.is(peer.closed, undefined)
    await gateway.close()
  })

test('a client may close with 1000, with a code of its own and a reason of 123 bytes, and without a code', async () => {
  const gateway = testGateway(ok)
  const reason = 'x'.repeat(123)
  const farewells: readonly (readonly [given: readonly [number?, string?], closed: object])[] = [
    [[], { code: 1005, reason: '' }],
    [[1000], { code: 1000, reason: '' }],
    [[3000, reason], { code: 3000, reason }],
    [[4999, reason], { code: 4999, reason }],
  ]
  for (const [given, closed] of farewells) {
    const peer = await gateway.connect()
    peer.close(...given)
    assert.equal(peer.closed, closed)
  }
  await gateway.close()
})

test('time does not go on by what is no length of time, and the clock stays where it is', async () => {
  const clock = fakeClock(1_000)
  const gateway = testGateway(ok, { clock })
  clock.setTimeout(() => assert.unreachable('a timer ran'), 10)
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, -1, '20', undefined] as number[]) {
    const sentence = `advance: time goes on by a number of milliseconds of 0 or more, not by ${ms}.`
    assert.is(Object(await rejection(gateway.advance(ms))).message, sentence)
    assert.throws(() => clock.advance(ms), sentence)
    assert.is(clock.now(), 1_000)
  }
  clock.advance(0)
  assert.is(clock.now(), 1_000)
})

test.run()
