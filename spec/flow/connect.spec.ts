import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import {
  accept,
  InternalError,
  NotFoundError,
  PermissionDeniedError,
  ResourceExhaustedError,
  reject,
  UnauthenticatedError,
  UnavailableError,
  ws,
} from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { connectEvent } from 'ws-interlock/testing'
import { setup } from 'xstate'
import { peer, stoppedClock, wire } from '../kit/wire.ts'

const test = suite('flow: $connect')

type Deciding = Parameters<ReturnType<typeof ws>['onConnect']>[0]

const deciding = (decide: Deciding) => {
  const net = wire()
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(decide)
    .onError((error) => {
      errors.push(error)
    })
    .build()
  return { ...peer(app, net), net, errors }
}

for (const [said, decide] of [
  ['returns nothing', () => {}],
  ['accepts', () => accept()],
  ['accepts later', async () => accept()],
] as const)
  test(`a peer is let in where onConnect ${said}`, async () => {
    const { connect, net } = deciding(decide)
    assert.equal(await connect(), { statusCode: 200 })
    assert.is(net.posts(), 0)
  })

test('without onConnect every peer is let in, and build() warns of the open door', async () => {
  const net = wire()
  const warnings: string[] = []
  const app = ws({ gateway: net.gateway, warn: ({ code }) => void warnings.push(code) })
    .on('go', () => {})
    .build()
  assert.equal(warnings, ['OPEN_DOOR'])
  assert.equal(await peer(app, net).connect(), { statusCode: 200 })
  assert.equal(warnings, ['OPEN_DOOR'])
})

test('a peer is turned away with the status and the reason that onConnect chose', async () => {
  assert.equal(await deciding(() => reject(403, 'Not you.')).connect(), { statusCode: 403, body: 'Not you.' })
  assert.equal(await deciding(async () => reject(429)).connect(), { statusCode: 429, body: '' })
})

const offer = (protocols: string, name = 'Sec-WebSocket-Protocol') => ({ headers: { [name]: protocols } })

test('the subprotocol that onConnect chose is echoed', async () => {
  const { connect } = deciding(({ subprotocols }) => accept({ subprotocol: subprotocols[1] ?? 'none' }))
  assert.equal(await connect(offer('v1, v2,v3')), {
    statusCode: 200,
    headers: { 'Sec-WebSocket-Protocol': 'v2' },
  })
})

test('no subprotocol is echoed where onConnect chose none', async () => {
  assert.equal(await deciding(() => accept()).connect(offer('v1, v2')), { statusCode: 200 })
})

test('a subprotocol that the client did not offer is a defect of the server', async () => {
  const { connect, errors } = deciding(() => accept({ subprotocol: 'v3' }))
  assert.equal(await connect(offer('v1, v2')), { statusCode: 500, body: 'Internal error' })
  assert.equal(await connect(), { statusCode: 500, body: 'Internal error' })
  assert.is(errors.length, 2)
  assert.match(String(errors[0]), "'v3'")
})

for (const [error, statusCode] of [
  [new UnauthenticatedError('Why.'), 401],
  [new PermissionDeniedError('Why.'), 403],
  [new NotFoundError('Why.'), 404],
  [new ResourceExhaustedError('Why.'), 429],
  [new UnavailableError('Why.'), 503],
] as const)
  test(`${error.code} is status ${statusCode}, with its message`, async () => {
    const { connect, errors } = deciding(() => {
      throw error
    })
    assert.equal(await connect(), { statusCode, body: 'Why.' })
    assert.equal(errors, [error])
  })

for (const error of [new Error('secret'), new InternalError('secret'), 'secret', undefined])
  test(`throwing ${String(error)} is status 500, without a detail`, async () => {
    const { connect } = deciding(() => {
      throw error
    })
    assert.equal(await connect(), { statusCode: 500, body: 'Internal error' })
  })

test('onError may choose what a peer is told whose handshake failed', async () => {
  const net = wire()
  const app = ws({ gateway: net.gateway })
    .onConnect(() => {
      throw new Error('secret')
    })
    .onError((_, { phase, name }) => new UnavailableError(`${phase} ${name}`))
    .build()
  assert.equal(await peer(app, net).connect(), { statusCode: 503, body: 'connect undefined' })
})

/** What onConnect reads of a handshake. */
const reading = async (event: unknown) => {
  const seen: unknown[] = []
  const { handle } = deciding(({ query, headers, subprotocols, connection, authorizer, phase }) => {
    seen.push({ query: [...query], host: headers.get('hOST'), subprotocols, connection, authorizer, phase })
  })
  assert.equal(await handle(event), { statusCode: 200 })
  return seen[0]
}

const modern = connectEvent({
  connectionId: 'TXzPWdnOjoECGjA=',
  connectedAt: Date.UTC(2024, 1, 19),
  userAgent: 'Firefox',
  query: '?room=a%20b&room=c&empty=',
  ...offer('v1, v2'),
  authorizer: { principalId: 'ann' },
})

test('onConnect reads the query with its repetitions, the headers in any case, the offers and who is there', async () => {
  assert.equal(await reading(modern), {
    query: [
      ['room', 'a b'],
      ['room', 'c'],
      ['empty', ''],
    ],
    host: 'abcd1234ef.execute-api.eu-west-1.amazonaws.com',
    subprotocols: ['v1', 'v2'],
    connection: {
      id: 'TXzPWdnOjoECGjA=',
      connectedAt: Date.UTC(2024, 1, 19),
      sourceIp: '203.0.113.7',
      userAgent: 'Firefox',
    },
    authorizer: { principalId: 'ann' },
    phase: 'connect',
  })
})

test('onConnect reads an older event, which says null where a newer one says nothing', async () => {
  const { requestContext, headers } = modern
  const old = {
    headers,
    multiValueHeaders: null,
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    stageVariables: null,
    requestContext: {
      ...requestContext,
      messageId: null,
      disconnectReason: null,
      authorizer: null,
      identity: {
        cognitoIdentityPoolId: null,
        apiKey: null,
        user: null,
        userArn: null,
        userAgent: null,
        sourceIp: '203.0.113.7',
      },
    },
    isBase64Encoded: false,
  }
  assert.equal(await reading(old), {
    query: [],
    host: 'abcd1234ef.execute-api.eu-west-1.amazonaws.com',
    subprotocols: ['v1', 'v2'],
    connection: {
      id: 'TXzPWdnOjoECGjA=',
      connectedAt: Date.UTC(2024, 1, 19),
      sourceIp: '203.0.113.7',
      userAgent: undefined,
    },
    authorizer: undefined,
    phase: 'connect',
  })
})

test('offers are read from a header of any case, given once or more often', async () => {
  const seen: (readonly string[])[] = []
  const { connect } = deciding(({ subprotocols }) => void seen.push(subprotocols))
  await connect(offer('v1,v2', 'sec-websocket-protocol'))
  await connect({ headers: { 'SEC-WEBSOCKET-PROTOCOL': ['v1', ' v2 , ,v3'] } })
  await connect()
  assert.equal(seen, [['v1', 'v2'], ['v1', 'v2', 'v3'], []])
})

test('a handshake has nobody to push to', async () => {
  const seen: string[] = []
  const { connect } = deciding((context) => {
    for (const name of ['push', 'close', 'data', 'channel', 'snapshot', 'raise']) if (name in context) seen.push(name)
  })
  await connect()
  assert.equal(seen, [])
})

test('the machine is given its input from the handshake, with what was added to it', async () => {
  const net = wire()
  const store = memory()
  const machine = setup({
    types: { context: {} as { name: string }, input: {} as { name: string }, events: {} as { type: 'go' } },
  }).createMachine({ id: 'm', context: ({ input }) => input, on: { go: { actions: () => {} } } })
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(store)
    .extend(() => ({ title: 'Dr' }))
    .protocol(machine, { input: ({ query, title }) => ({ name: `${title} ${query.get('name')}` }) })
    .onConnect(() => accept())
    .on('go', () => {})
    .build()
  const { connect, connectionId } = peer(app, net)
  await connect({ query: '?name=Ann' })
  assert.equal((await store.records.read(connectionId))?.state?.context, { name: 'Dr Ann' })
})

test('with a store every connection has a record, with a protocol or without', async () => {
  const net = wire()
  const clock = stoppedClock()
  const store = memory(clock)
  const app = ws({ gateway: net.gateway, clock })
    .store(store)
    .onConnect(() => accept())
    .on('go', v.string(), () => {})
    .build()
  const { connect, connectionId } = peer(app, net)
  await connect({ connectedAt: 5 })
  const ttl = clock.now() / 1000 + 2 * 60 * 60 + 15 * 60
  assert.equal(await store.records.read(connectionId), { version: 1, connectedAt: clock.now(), ttl })
  clock.advance(1)
  assert.is((await connect()).statusCode, 500)
})

test('a record that its own answer was lost of is no record of another connection', async () => {
  const net = wire()
  const store = memory()
  const create: typeof store.records.create = async (id, record) => {
    await store.records.create(id, record)
    return store.records.create(id, record)
  }
  const app = ws({ gateway: net.gateway })
    .store({ ...store, records: { ...store.records, create } })
    .onConnect(() => accept())
    .build()
  assert.is((await peer(app, net).connect()).statusCode, 200)
})

test.run()
