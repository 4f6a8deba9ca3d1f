import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { type AuthorizerEvent, authorizer } from 'ws-interlock/guard'
import { makeId } from 'ws-interlock/testing'
import type { Knock } from '../../lib/local/admit.ts'
import { authorize, type Testimony } from '../../lib/local/authorize.ts'

const test = suite('local authorizer')

type Handler = (
  event: AuthorizerEvent,
  context: object,
  callback: (error?: unknown, result?: unknown) => void,
) => unknown

const who = {
  connectionId: makeId(),
  connectedAt: 5,
  stage: 'dev',
  apiId: 'local',
  domainName: '127.0.0.1:3001',
  sourceIp: '127.0.0.1',
}
const ARN = 'arn:aws:execute-api:us-east-1:123456789012:local/dev/$connect'

/** What the gateway makes of a handler's word, and the events that the handler was asked with. */
const asking = async (
  handler: Handler,
  { identitySource, ...knock }: Partial<Knock> & { readonly identitySource?: readonly string[] } = {},
) => {
  const events: AuthorizerEvent[] = []
  const ask = (event: AuthorizerEvent) => {
    events.push(event)
    return new Promise<unknown>((resolve, reject) => {
      const returned = handler(event, {}, (error, result) => (error ? reject(error) : resolve(result)))
      if (handler.length < 3) resolve(returned)
    }).then(
      (returned): Testimony => ({ outcome: 'answered', returned }),
      (error): Testimony => ({ outcome: 'threw', error }),
    )
  }
  const clock = { now: () => 5, setTimeout, clearTimeout }
  const settings = identitySource ? { clock, identitySource } : { clock }
  return { events, ...(await authorize(settings, ask, { who, headers: {}, query: '', ...knock })) }
}

const statusOf = async (handler: Handler, knock: Parameters<typeof asking>[1] = {}) => {
  const verdict = await asking(handler, knock)
  return verdict.isAdmitted ? 101 : verdict.status
}

const statement = (Effect: string, Resource: unknown, more: object = {}) => ({
  Action: 'execute-api:Invoke',
  Effect,
  Resource,
  ...more,
})
const policy =
  (...Statement: readonly unknown[]): Handler =>
  async () => ({ principalId: 'me', policyDocument: { Version: '2012-10-17', Statement } })

/** As in AWS's sample for WebSocket APIs: "Create a Lambda REQUEST authorizer function". */
const sample: Handler = (event, _, callback) => {
  const { headers, queryStringParameters, stageVariables, methodArn } = event
  if (
    headers.HeaderAuth1 === 'headerValue1' &&
    queryStringParameters?.QueryString1 === 'queryValue1' &&
    stageVariables?.StageVar1 === 'stageValue1'
  )
    callback(null, {
      principalId: 'me',
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: methodArn }],
      },
      context: { stringKey: 'stringval', numberKey: 123, booleanKey: true },
    })
  else callback('Unauthorized')
}
const shown = {
  who: { ...who, stageVariables: { StageVar1: 'stageValue1' } },
  headers: { HeaderAuth1: ['headerValue1'] },
  query: '?QueryString1=queryValue1',
}

test("AWS's sample lets in whom it should, and its context arrives as text, behind the principal", async () => {
  const verdict = await asking(sample, shown)
  assert.ok(verdict.isAdmitted)
  assert.equal(verdict.isAdmitted && verdict.authorizer, {
    principalId: 'me',
    stringKey: 'stringval',
    numberKey: '123',
    booleanKey: 'true',
  })
  assert.is(Object.keys((verdict.isAdmitted && verdict.authorizer) || {})[0], 'principalId')
})

test("AWS's sample turns away with 401 whom it does not know", async () => {
  const verdict = await asking(sample, { ...shown, query: '?QueryString1=another' })
  assert.equal(
    { ...verdict, events: verdict.events.length },
    {
      isAdmitted: false,
      status: 401,
      message: 'Unauthorized',
      reason: 'The authorizer says that the peer is not authorized.',
      events: 1,
    },
  )
})

test('the authorizer is asked with the event of $connect, and with what $connect does not see', async () => {
  const { events } = await asking(policy(), shown)
  const [{ type, methodArn, headers, queryStringParameters, stageVariables, requestContext }] = events as [
    AuthorizerEvent,
  ]
  assert.equal([type, methodArn], ['REQUEST', ARN])
  assert.equal([headers.Upgrade, headers.Host, headers.HeaderAuth1], ['websocket', who.domainName, 'headerValue1'])
  assert.equal([queryStringParameters, stageVariables], [{ QueryString1: 'queryValue1' }, { StageVar1: 'stageValue1' }])
  assert.is(requestContext.connectionId, who.connectionId)
})

const Member = v.object({ tenant: v.string(), seats: v.number() })
test('an authorizer of this library lets in, denies and says that a peer is not authorized', async () => {
  const auth = authorizer(Member, ({ query, allow, deny, unauthorized }) =>
    query.has('ann') ? allow('ann', { tenant: 'acme', seats: 3 }) : query.has('bob') ? deny() : unauthorized(),
  )
  const verdict = await asking(auth, { query: '?ann' })
  assert.equal(verdict.isAdmitted && verdict.authorizer, { principalId: 'ann', tenant: 'acme', seats: '3' })
  assert.equal([await statusOf(auth, { query: '?bob' }), await statusOf(auth)], [403, 401])
})

for (const [name, error, status] of [
  ["an error that says 'Unauthorized'", new Error('Unauthorized'), 401],
  ["the text 'Unauthorized'", 'Unauthorized', 401],
  ["an error that says 'unauthorized'", new Error('unauthorized'), 500],
  ["an error that says 'Unauthorized.'", new Error('Unauthorized.'), 500],
  ['another error', new Error('no keys'), 500],
  ['nothing', undefined, 500],
] as const)
  test(`${name} that is thrown is ${status}`, async () => {
    assert.is(await statusOf(() => Promise.reject(error)), status)
  })

test('what an authorizer throws is told to whoever runs the gateway, and not to the client', async () => {
  const verdict = await asking(() => Promise.reject(new Error('no keys')))
  assert.equal(!verdict.isAdmitted && [verdict.message, verdict.reason], [
    'Internal server error',
    'The authorizer failed: no keys',
  ])
})

test('an authorizer that does not answer in time is 500', async () => {
  const clock = { now: () => 5, setTimeout, clearTimeout }
  const verdict = await authorize({ clock }, async () => ({ outcome: 'timeout' }), { who, headers: {}, query: '' })
  assert.is(!verdict.isAdmitted && verdict.status, 500)
})

const API = 'arn:aws:execute-api:us-east-1:123456789012:local'
for (const [name, status, ...statements] of [
  ['of nothing', 403],
  ['that allows this call', 101, statement('Allow', ARN)],
  ['that allows all there is', 101, statement('Allow', '*')],
  ['that allows all of the API', 101, statement('Allow', `${API}/*`)],
  ['that allows the stage', 101, statement('Allow', `${API}/dev/*`)],
  ['that allows the route in any stage', 101, statement('Allow', `${API}/*/$connect`)],
  ['that allows any API of any account', 101, statement('Allow', 'arn:aws:execute-api:*:*:*/dev/$connect')],
  ['that ends early, in a star', 101, statement('Allow', 'arn:aws:execute-api:*')],
  ["with a '?' for a character", 101, statement('Allow', `${API}/d?v/$connect`)],
  ["with a '?' for none", 403, statement('Allow', `${API}/dev?/$connect`)],
  ["with a '.' for a character", 403, statement('Allow', `${API}/d.v/$connect`)],
  ['with a star after a dot', 403, statement('Allow', `${API}/d.*`)],
  ['with a star that would have to reach beyond a colon', 403, statement('Allow', 'arn:aws:exec*2:local/dev/$connect')],
  ['that begins like this call', 403, statement('Allow', `${API}/dev/$conn`)],
  ['that this call begins like', 403, statement('Allow', `${ARN}ed`)],
  ['of an HTTP method', 403, statement('Allow', `${API}/dev/GET/$connect`)],
  ['of a blueprint for REST APIs', 403, statement('Allow', `${API}/dev/*/*`)],
  ['of another stage', 403, statement('Allow', `${API}/prod/$connect`)],
  ['of another API', 403, statement('Allow', ARN.replace('local', 'other'))],
  ['of another route', 403, statement('Allow', `${API}/dev/send`)],
  ['that lists this call', 101, statement('Allow', ['arn:aws:s3:::b', ARN])],
  ['that lists other calls', 403, statement('Allow', ['arn:aws:s3:::b', `${ARN}ed`])],
  ['that denies this call', 403, statement('Deny', ARN)],
  ['in which a denial follows', 403, statement('Allow', '*'), statement('Deny', ARN)],
  ['in which a denial goes first', 403, statement('Deny', `${API}/*`), statement('Allow', ARN)],
  ['that denies something else', 101, statement('Deny', `${API}/prod/*`), statement('Allow', ARN)],
  ['of any action', 101, statement('Allow', ARN, { Action: '*' })],
  ['of any action of the service', 101, statement('Allow', ARN, { Action: ['execute-api:*'] })],
  ['of the action in another case', 101, statement('Allow', ARN, { Action: 'execute-api:invoke' })],
  ['of another action', 403, statement('Allow', ARN, { Action: 'execute-api:ManageConnections' })],
  ['of all other actions', 403, { Effect: 'Allow', NotAction: 'execute-api:Invoke', Resource: ARN }],
  ['of all actions but some', 101, { Effect: 'Allow', NotAction: ['s3:*'], Resource: ARN }],
  ['of all other resources', 403, { Effect: 'Allow', Action: '*', NotResource: ARN }],
  ['of all resources but some', 101, { Effect: 'Allow', Action: '*', NotResource: `${API}/prod/*` }],
  ['that allows on a condition', 403, statement('Allow', ARN, { Condition: { Bool: { a: 'true' } } })],
  [
    'that denies on a condition',
    403,
    statement('Allow', ARN),
    statement('Deny', ARN, { Condition: { Bool: { a: 'true' } } }),
  ],
] as const)
  test(`a policy ${name} is ${status}`, async () => {
    assert.is(await statusOf(policy(...statements)), status)
  })

test('a policy for another call is told with the call that it should be for', async () => {
  const verdict = await asking(policy(statement('Allow', `${API}/dev/*/*`)))
  assert.is(!verdict.isAdmitted && verdict.reason, `The policy of the authorizer says nothing of ${ARN}.`)
})

test('a single statement need not be in a list', async () => {
  const policyDocument = { Version: '2012-10-17', Statement: statement('Allow', '*') }
  assert.is(await statusOf(async () => ({ principalId: 'me', policyDocument })), 101)
})

const good = { principalId: 'me', policyDocument: { Version: '2012-10-17', Statement: [statement('Allow', '*')] } }
const circle: Record<string, unknown> = {}
circle.self = circle
for (const [name, returned, why] of [
  ['nothing', undefined, 'it must be { principalId, policyDocument, context? }'],
  ['a text', 'Allow', 'it must be { principalId'],
  ['an answer for $connect', { statusCode: 200 }, 'principalId is missing'],
  ['a policy without a principal', { ...good, principalId: undefined }, 'principalId is missing'],
  ['an empty principal', { ...good, principalId: '' }, 'principalId must not be empty'],
  ['a principal that is no text', { ...good, principalId: 7 }, 'principalId must be a string'],
  ['a principal without a policy', { principalId: 'me' }, 'policyDocument is missing'],
  ['the simple answer of an HTTP API', { isAuthorized: true }, 'principalId is missing'],
  ['a policy without a statement', { ...good, policyDocument: {} }, 'policyDocument.Statement is missing'],
  [
    'a statement that is none',
    { ...good, policyDocument: { Statement: ['Allow'] } },
    'Statement.0 must be a statement',
  ],
  [
    'an effect that is none',
    { ...good, policyDocument: { Statement: [statement('allow', '*')] } },
    "'Allow' or 'Deny'",
  ],
  [
    'a statement of no resource',
    { ...good, policyDocument: { Statement: [statement('Allow', undefined)] } },
    'Statement.0 must have one of Action and NotAction, and one of Resource and NotResource',
  ],
  [
    'a statement of no action',
    { ...good, policyDocument: { Statement: [statement('Allow', '*', { Action: undefined })] } },
    'Statement.0 must have one of',
  ],
  [
    'a resource that is no text',
    { ...good, policyDocument: { Statement: [statement('Allow', 7)] } },
    'Resource must be',
  ],
  ['a context that is none', { ...good, context: 'x' }, 'context must be an object'],
  [
    'an object in the context',
    { ...good, context: { user: {} } },
    'context.user must be a string, a number or a boolean',
  ],
  ['a list in the context', { ...good, context: { roles: ['a'] } }, 'context.roles must be'],
  ['null in the context', { ...good, context: { user: null } }, 'context.user must be'],
  ['what is no JSON', circle, 'It returned what is no JSON: TypeError'],
] as const)
  test(`${name} is 500, and why is said`, async () => {
    const verdict = await asking(async () => returned)
    assert.is(!verdict.isAdmitted && verdict.status, 500)
    assert.match((!verdict.isAdmitted && verdict.reason) || '', why)
  })

test('what JSON leaves out is not in the way', async () => {
  assert.is(await statusOf(async () => ({ ...good, context: undefined })), 101)
  const verdict = await asking(async () => ({ ...good, context: { a: undefined, b: '' } }))
  assert.equal(verdict.isAdmitted && verdict.authorizer, { principalId: 'me', b: '' })
})

test('a result of 8 KB is the largest', async () => {
  const frame = Buffer.byteLength(JSON.stringify({ ...good, context: { notes: '' } }))
  const sized = (bytes: number) => statusOf(async () => ({ ...good, context: { notes: 'x'.repeat(bytes - frame) } }))
  assert.equal([await sized(8192), await sized(8193)], [101, 500])
})

test('the context cannot say that the peer is another principal', async () => {
  const verdict = await asking(async () => ({ ...good, context: { principalId: 'admin', a: 1 } }))
  assert.equal(verdict.isAdmitted && verdict.authorizer, { principalId: 'me', a: '1' })
})

const SOURCES = [
  'route.request.header.Auth',
  'route.request.querystring.token',
  'stageVariables.table',
  'context.identity.sourceIp',
]
const complete = {
  who: { ...who, stageVariables: { table: 't' } },
  headers: { aUTH: ['Bearer 1'] },
  query: '?token=1',
}
test('where every source of identity has something, the authorizer is asked', async () => {
  assert.is(await statusOf(policy(statement('Allow', '*')), { ...complete, identitySource: SOURCES }), 101)
})

for (const [source, knock] of [
  [SOURCES[0], { headers: {} }],
  [SOURCES[0], { headers: { Auth: [''] } }],
  [SOURCES[1], { query: '' }],
  [SOURCES[1], { query: '?token=' }],
  [SOURCES[1], { query: '?Token=1' }],
  [SOURCES[2], { who }],
  ['context.apiKey', {}],
  ['context.identity.userArn', {}],
  ['route.request.querystring.constructor', {}],
] as const)
  test(`without ${source} (${JSON.stringify(Object.values(knock)[0])}) it is 401, and nobody is asked`, async () => {
    const verdict = await asking(policy(statement('Allow', '*')), {
      ...complete,
      ...knock,
      identitySource: [...SOURCES, source ?? ''],
    })
    assert.equal(!verdict.isAdmitted && [verdict.status, verdict.message], [401, 'Unauthorized'])
    assert.is(!verdict.isAdmitted && verdict.reason, `The authorizer was not asked: there is no ${source}.`)
    assert.equal(verdict.events, [])
  })

test('nothing is remembered: the same peer is asked about each time', async () => {
  let asked = 0
  const handler: Handler = async () => {
    asked++
    return asked > 1 ? undefined : good
  }
  assert.equal([await statusOf(handler, complete), await statusOf(handler, complete)], [101, 500])
})

test.run()
