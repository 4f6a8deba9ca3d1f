import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, ws } from 'ws-interlock'
import { authorizer, type Identity, type TokenOptions, token, tokenOf } from 'ws-interlock/guard'
import { memory } from 'ws-interlock/store/memory'
import { authorizerEvent } from 'ws-interlock/testing'
import { lambdaWith, peer, wire } from '../kit/wire.ts'
import { quiet, rejection } from '../protocol/kit.ts'
import { bearer, on, ordered, plain, START, verify } from './kit.ts'

const test = suite('guard: tokens')

/** How a handshake is answered. */
const knock = async (options: Partial<TokenOptions<Identity>>, handshake: object, context?: unknown) => {
  const { app, told } = plain(options)
  const { statusCode, body } = await peer(app, wire()).connect(handshake, context)
  return { answer: [statusCode, body], told }
}

const offering = (...offers: readonly string[]) => ({ headers: { 'Sec-WebSocket-Protocol': offers.join(', ') } })
const MISSING = "A token is missing: the subprotocol 'bearer.' and the token in base64url, or ?token=…."
const WRONG = 'The token is not accepted.'

test('a token in the query lets in, and says who it is from then on', () => {
  const { app, told } = plain()
  return on(app, async (gateway) => {
    const ann = await gateway.connect({ query: { token: 'ann/300' } })
    assert.equal(told.tokens, [{ userId: 'ann', expiresAt: START + 300_000 }])
    assert.equal((await ann.request('who')).data, ['ann', START + 300_000, null])
    ann.close()
    await gateway.settled()
    assert.equal(told.tokens[1], ['ann', START + 300_000])
  })
})

test('a token in a subprotocol lets in, the user is reached by its name, and none is chosen of itself', () => {
  const { app } = plain()
  return on(app, async (gateway) => {
    const ann = await gateway.connect({ subprotocols: [bearer('ann ü €')] })
    assert.equal((await ann.request('who')).data, ['ann ü €', null, null])
    assert.is(ann.subprotocol, undefined)
    const ids: string[] = []
    for await (const id of app.server.user('ann ü €').connections()) ids.push(id)
    assert.equal(ids, [ann.connectionId])
  })
})

for (const [what, options, handshake, answer] of [
  ['no token', {}, {}, [401, MISSING]],
  ['an empty one', {}, { query: '?token=' }, [401, MISSING]],
  ['one under another name', { query: 'key' }, { query: '?token=ann' }, [401, MISSING.replace('?token', '?key')]],
  [
    'one in the query, which is not read',
    { query: false },
    { query: '?token=ann' },
    [401, "A token is missing: the subprotocol 'bearer.' and the token in base64url."],
  ],
  [
    'one in a subprotocol, which is not read',
    { subprotocol: false },
    offering(bearer('ann')),
    [401, 'A token is missing: ?token=….'],
  ],
  [
    'one where none is read',
    { subprotocol: false, query: false },
    { query: '?token=ann' },
    [401, 'A token is missing: this application takes none at $connect.'],
  ],
  ['one that verify throws at', {}, { query: '?token=forged' }, [401, WRONG]],
  ['one that verify knows nothing of', { verify: () => undefined }, { query: '?token=ann' }, [401, WRONG]],
  ['one that is over', {}, { query: '?token=ann/-1' }, [401, 'The token has expired.']],
  ['one that is over at this moment', {}, { query: '?token=ann/0' }, [401, 'The token has expired.']],
  ['two in the query', {}, { query: '?token=ann&token=bob' }, [401, 'There are two tokens. Send one.']],
  [
    'two in two places',
    {},
    { query: '?token=ann', ...offering(bearer('bob')) },
    [401, 'There are two tokens. Send one.'],
  ],
  ['two subprotocols', {}, offering(bearer('ann'), bearer('bob')), [401, 'There are two tokens. Send one.']],
  ['more than 8 KB', {}, { query: `?token=${'a'.repeat(8193)}` }, [401, 'A token has 8 KB at most.']],
  ...['bearer.', 'bearer.a', 'bearer.YW5u=', 'bearer.YW5+', 'bearer._w', 'bearer.YW5v'.slice(0, -1)].map(
    (offer) =>
      [
        `the offer '${offer}'`,
        {},
        offering('v1', offer),
        [401, 'The subprotocol bearer.… carries the token in base64url, as UTF-8.'],
      ] as const,
  ),
  ['the same twice', {}, { query: '?token=ann&token=ann', ...offering(bearer('ann')) }, [200, undefined]],
  ['8 KB', { verify: () => ({ userId: 'ann' }) }, { query: `?token=${'a'.repeat(8192)}` }, [200, undefined]],
  ['none where it is optional', { optional: true }, {}, [200, undefined]],
  ['a wrong one where it is optional', { optional: true }, { query: '?token=forged' }, [401, WRONG]],
  [
    'two where it is optional',
    { optional: true },
    { query: '?token=ann&token=bob' },
    [401, 'There are two tokens. Send one.'],
  ],
] as const)
  test(`a peer that shows ${what} is answered ${answer[0]}`, async () => {
    const { answer: got } = await knock(options, handshake)
    assert.equal(got, [answer[0], answer[1] ?? got[1]])
  })

test('why a token was refused goes to onError and not to the peer', async () => {
  const { told } = await knock({}, { query: '?token=forged' })
  const [error] = told.errors as [Error & { readonly cause: Error }]
  assert.is(error.message, WRONG)
  assert.is(error.cause.message, 'the signature does not match')
})

test('a token that an error quotes is in no log and in no onError', async () => {
  const secret = 'ey.very.secret'
  const quoting = (shown: string): Identity => {
    throw Object.assign(new Error(`'${shown}' is no token`, { cause: { deep: [shown] } }), { token: shown })
  }
  const { told } = await knock({ verify: quoting }, { query: `?token=${secret}` })
  const [error] = told.errors as [Error & { readonly cause: Error }]
  assert.match(error.cause.message, "'…' is no token")
  assert.not.match(`${error.stack} ${error.cause.stack}`, secret)
  const { log, restore } = quiet()
  const app = ws({ warn: () => {} })
    .store(memory())
    .use(token({ verify: quoting }))
    .onConnect(() => accept())
    .build()
  await peer(app, wire()).connect({ query: `?token=${secret}` })
  restore()
  const { inspect } = await import('node:util')
  assert.is(log.length, 1)
  assert.not.match(inspect(log, { depth: 10 }), secret)
})

test('a check that hangs is given up before the function ends, and the peer is to come again', async () => {
  const seen: AbortSignal[] = []
  const hanging: TokenOptions<Identity>['verify'] = (_, { signal }) => {
    seen.push(signal)
    return new Promise(() => {})
  }
  // The timer of a signal keeps no process alive.
  const alive = setInterval(() => {}, 1_000)
  const { answer } = await knock({ verify: hanging }, { query: '?token=ann' }, lambdaWith(500))
  clearInterval(alive)
  assert.equal(answer, [503, 'The token could not be checked in time. Come again.'])
  assert.is(seen[0]?.aborted, true)
})

for (const [what, returned] of [
  ['a text', 'ann'],
  ['true', true],
  ['an empty object', {}],
  ['what a library made of a JWT', { sub: 'ann', exp: 1_790_000_000 }],
  ['seconds', { expiresAt: 1_790_000_000 }],
  ['no time', { expiresAt: Number.NaN }],
  ['a time without end', { expiresAt: Number.POSITIVE_INFINITY }],
  ['a time as text', { expiresAt: '2030-01-01' }],
  ['a user that is a number', { userId: 7 }],
  ['a user without a name', { userId: '' }],
] as const)
  test(`a verify that returns ${what} lets nobody in, and is a defect that the peer reads nothing of`, async () => {
    const { answer, told } = await knock({ verify: () => returned as Identity }, { query: '?token=ann' })
    assert.equal(answer, [500, 'Internal error'])
    assert.match(String(told.errors[0]), /token\(\{ verify \}\)/)
  })

for (const nobody of [undefined, null])
  test(`a verify that returns ${nobody} refuses`, async () => {
    const { answer } = await knock({ verify: () => nobody as undefined }, { query: '?token=ann' })
    assert.equal(answer, [401, WRONG])
  })

test('whoever is turned away leaves no record', async () => {
  const { app } = ordered()
  await on(app, async (gateway) => {
    assert.is(Object(await rejection(gateway.connect({ query: { token: 'forged' } }))).status, 401)
    const ids: string[] = []
    for await (const id of app.server.user('forged').connections()) ids.push(id)
    assert.equal(ids, [])
  })
})

test('options that are none are refused in a sentence', () => {
  // As from JavaScript, where nobody checks.
  const make = token as unknown as (options: unknown) => unknown
  for (const [options, sentence] of [
    [undefined, 'An object is missing in token().'],
    [{}, 'A function is missing in token(): verify.'],
    [{ verify, query: '' }, 'The name of a parameter, or false, is missing in token({ query }).'],
    [{ verify, subprotocol: 'bearer' }, 'A boolean is missing in token({ subprotocol }).'],
    [{ verify, optional: 1 }, 'A boolean is missing in token({ optional }).'],
    [{ verify, leadMs: -1 }, 'A whole number of milliseconds is missing in token({ leadMs }).'],
    [{ verify, lead: 1 }, /^token\(\) has no such option\. \('lead'/],
  ] as const) {
    const error = (() => {
      try {
        return make(options)
      } catch (thrown) {
        return thrown
      }
    })()
    assert.instance(error, TypeError)
    assert.match(Object(error).message, sentence)
  }
})

test('without a store the application is not built', () => {
  const start = ws({ warn: () => {} }) as unknown as { use: (layer: unknown) => { build: () => unknown } }
  assert.throws(() => start.use(token({ verify })).build(), 'What is kept needs a store.')
})

test('an authorizer reads the same tokens', async () => {
  const seen: unknown[] = []
  const auth = authorizer((asked) => {
    seen.push(tokenOf(asked), tokenOf({ headers: asked.headers }), tokenOf(asked, { query: 'key' }))
    return asked.allow('ann')
  })
  await auth(authorizerEvent({ query: '?token=a&key=b' }))
  await auth(authorizerEvent(offering('v1', bearer('c'))))
  await auth(authorizerEvent({ query: '?token=a', ...offering(bearer('c')) }))
  await auth(authorizerEvent(offering('bearer.?')))
  assert.equal(seen, ['a', undefined, 'b', 'c', 'c', 'c', undefined, 'c', 'c', ...Array(3).fill(undefined)])
})

test.run()
