import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { connectEvent, disconnectEvent, makeId, messageEvent } from 'ws-interlock/testing'

const test = suite('event makers')

// The lists below are those of real events, in their order.
const HANDSHAKE = [
  'headers',
  'multiValueHeaders',
  'queryStringParameters',
  'multiValueQueryStringParameters',
  'requestContext',
  'isBase64Encoded',
]
const CONNECT = [
  'routeKey',
  'authorizer',
  'eventType',
  'extendedRequestId',
  'requestTime',
  'messageDirection',
  'stage',
  'connectedAt',
  'requestTimeEpoch',
  'identity',
  'requestId',
  'domainName',
  'connectionId',
  'apiId',
]
const MESSAGE = [
  'routeKey',
  'messageId',
  'eventType',
  'extendedRequestId',
  'requestTime',
  'messageDirection',
  'stage',
  'connectedAt',
  'requestTimeEpoch',
  'identity',
  'requestId',
  'domainName',
  'connectionId',
  'apiId',
]
const DISCONNECT = [
  'routeKey',
  'disconnectStatusCode',
  'eventType',
  'extendedRequestId',
  'requestTime',
  'messageDirection',
  'disconnectReason',
  'stage',
  'connectedAt',
  'requestTimeEpoch',
  'identity',
  'requestId',
  'domainName',
  'connectionId',
  'apiId',
]

test('a handshake has the keys of a real one, in their order', () => {
  const event = connectEvent({ query: '?room=lobby', authorizer: { principalId: 'user-42' }, userAgent: 'Firefox' })
  assert.equal(Object.keys(event), HANDSHAKE)
  assert.equal(Object.keys(event.requestContext), CONNECT)
  assert.equal(Object.keys(event.requestContext.identity), ['userAgent', 'sourceIp'])
})

test('what a handshake does not have is left out, and not null', () => {
  const event = connectEvent()
  assert.equal(Object.keys(event), ['headers', 'multiValueHeaders', 'requestContext', 'isBase64Encoded'])
  assert.equal(
    Object.keys(event.requestContext),
    CONNECT.filter((key) => key !== 'authorizer'),
  )
  assert.equal(Object.keys(event.requestContext.identity), ['sourceIp'])
})

test('a message has the keys of a real one, in their order: no headers and no query', () => {
  const event = messageEvent({ body: { a: 1 } })
  assert.equal(Object.keys(event), ['requestContext', 'body', 'isBase64Encoded'])
  assert.equal(Object.keys(event.requestContext), MESSAGE)
  const { requestContext } = messageEvent({ authorizer: { principalId: 'user-42' } })
  assert.equal(Object.keys(requestContext), ['routeKey', 'messageId', 'authorizer', ...MESSAGE.slice(2)])
})

test('a farewell has the keys of a real one, in their order, and its four headers', () => {
  const event = disconnectEvent({ domainName: 'chat.example.com', code: 1001 })
  assert.equal(Object.keys(event), ['headers', 'multiValueHeaders', 'requestContext', 'isBase64Encoded'])
  assert.equal(Object.keys(event.requestContext), DISCONNECT)
  assert.equal(event.headers, { Host: 'chat.example.com', 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' })
  assert.equal(Object.keys(event.headers ?? {}), ['Host', 'x-api-key', 'X-Forwarded-For', 'x-restapi'])
  assert.equal(event.multiValueHeaders, {
    Host: ['chat.example.com'],
    'x-api-key': [''],
    'X-Forwarded-For': [''],
    'x-restapi': [''],
  })
  assert.is(event.requestContext.disconnectStatusCode, 1001)
  assert.is(event.requestContext.disconnectReason, '')
})

test('a farewell without a code has the words of API Gateway', () => {
  const { disconnectStatusCode, disconnectReason } = disconnectEvent().requestContext
  assert.equal([disconnectStatusCode, disconnectReason], [1005, 'Client-side close frame status not set'])
})

test('stage variables are there where the stage has some', () => {
  const stageVariables = { table: 't' }
  for (const event of [
    connectEvent({ stageVariables }),
    messageEvent({ stageVariables }),
    disconnectEvent({ stageVariables }),
  ]) {
    assert.equal(event.stageVariables, stageVariables)
    assert.is(Object.keys(event).indexOf('stageVariables'), Object.keys(event).indexOf('requestContext') - 1)
  }
})

test('each event names its own type and route', () => {
  for (const [event, type, route] of [
    [connectEvent(), 'CONNECT', '$connect'],
    [messageEvent(), 'MESSAGE', '$default'],
    [messageEvent({ routeKey: 'join' }), 'MESSAGE', 'join'],
    [disconnectEvent(), 'DISCONNECT', '$disconnect'],
  ] as const) {
    assert.is(event.requestContext.eventType, type)
    assert.is(event.requestContext.routeKey, route)
    assert.is(event.requestContext.messageDirection, 'IN')
    assert.is(event.isBase64Encoded, false)
  }
})

const ID = /^[A-Za-z0-9_-]{15}=$/

test('every id has the shape of a real one, and differs', () => {
  const { requestContext } = messageEvent()
  const { connectionId, requestId, extendedRequestId, messageId } = requestContext
  for (const id of [connectionId, requestId, messageId]) assert.match(id, ID)
  assert.is(extendedRequestId, requestId)
  assert.is(new Set([connectionId, requestId, messageId]).size, 3)
})

test('an id is made of the chance that is given, up to its edges', () => {
  assert.is(
    makeId(() => 0),
    'AAAAAAAAAAAAAAA=',
  )
  assert.is(
    makeId(() => 1 - 2 ** -53),
    '_______________=',
  )
})

for (const [now, text] of [
  [Date.UTC(2024, 1, 9, 18, 11, 43, 999), '09/Feb/2024:18:11:43 +0000'],
  [Date.UTC(2024, 11, 31, 0, 0, 0), '31/Dec/2024:00:00:00 +0000'],
  [Date.UTC(2025, 0, 1, 23, 59, 59), '01/Jan/2025:23:59:59 +0000'],
] as const)
  test(`${new Date(now).toISOString()} is requested at ${text}`, () => {
    const { requestTime, requestTimeEpoch, connectedAt } = messageEvent({ now }).requestContext
    assert.equal([requestTime, requestTimeEpoch, connectedAt], [text, now, now])
  })

test('a connection keeps the time at which it began', () => {
  const { connectedAt, requestTimeEpoch } = messageEvent({ connectedAt: 5, now: 9 }).requestContext
  assert.equal([connectedAt, requestTimeEpoch], [5, 9])
})

test('of a repeated parameter the single map has the last value, and the other map has them all', () => {
  const event = connectEvent({ query: 'room=a%20b&room=c&constructor=1&__proto__=2' })
  assert.is(event.queryStringParameters?.room, 'c')
  assert.equal(event.multiValueQueryStringParameters?.room, ['a b', 'c'])
  assert.equal(event.multiValueQueryStringParameters?.constructor, ['1'])
  assert.ok(Object.hasOwn(event.queryStringParameters ?? {}, '__proto__'))
  assert.is(Reflect.get({}, '2'), undefined)
})

test('headers keep their case, repeated ones their values, and what API Gateway adds is there', () => {
  const { headers, multiValueHeaders } = connectEvent({
    sourceIp: '198.51.100.9',
    headers: { 'X-MiXed': 'kept', 'sec-websocket-protocol': ['v1', 'v2'] },
  })
  assert.is(headers['X-MiXed'], 'kept')
  assert.is(headers['sec-websocket-protocol'], 'v2')
  assert.equal(multiValueHeaders['sec-websocket-protocol'], ['v1', 'v2'])
  assert.is(headers['X-Forwarded-For'], '198.51.100.9')
  assert.equal(multiValueHeaders.Host, [headers.Host])
})

test('a body that is no text is sent as JSON', () => {
  assert.is(messageEvent({ body: { a: 1 } }).body, '{"a":1}')
  assert.is(messageEvent({ body: 'hi' }).body, 'hi')
  assert.is(messageEvent().body, '')
})

test.run()
