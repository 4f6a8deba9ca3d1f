import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { authorizerEvent, connectEvent } from 'ws-interlock/testing'

const test = suite('the event of an authorizer')

// The lists below are those of AWS's own sample, in their order.
const KEYS = [
  'type',
  'methodArn',
  'headers',
  'multiValueHeaders',
  'queryStringParameters',
  'multiValueQueryStringParameters',
  'stageVariables',
  'requestContext',
]
const HEADERS = [
  'Connection',
  'content-length',
  'HeaderAuth1',
  'Host',
  'Sec-WebSocket-Extensions',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Version',
  'Upgrade',
  'X-Amzn-Trace-Id',
  'X-Forwarded-For',
  'X-Forwarded-Port',
  'X-Forwarded-Proto',
]

const sample = authorizerEvent({
  region: 'us-east-1',
  apiId: 'abcdef123',
  stage: 'default',
  query: '?QueryString1=queryValue1',
  connectionId: 'TXzPWdnOjoECGjA=',
  now: 5,
  headers: {
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'DM+9PqsQtaZrN+IMZbWTzg==',
    'Sec-WebSocket-Extensions': 'permessage-deflate',
    HeaderAuth1: ['first', 'last'],
  },
})

test('it has the keys of a real one, in their order', () => {
  assert.equal(Object.keys(sample), KEYS)
})

test('it has the headers of the upgrade, which $connect does not see, and all of them in the order of names', () => {
  assert.equal(Object.keys(sample.headers), HEADERS)
  assert.equal(Object.keys(sample.multiValueHeaders), HEADERS)
  const { Connection, 'content-length': length, Upgrade, HeaderAuth1 } = sample.headers
  assert.equal([Connection, length, Upgrade, HeaderAuth1], ['upgrade', '0', 'websocket', 'last'])
  assert.equal(sample.multiValueHeaders.Upgrade, ['websocket'])
  assert.equal(sample.multiValueHeaders.HeaderAuth1, ['first', 'last'])
  assert.not('Upgrade' in connectEvent().headers)
})

test('it asks about the $connect of its stage', () => {
  assert.is(sample.type, 'REQUEST')
  assert.is(sample.methodArn, 'arn:aws:execute-api:us-east-1:123456789012:abcdef123/default/$connect')
  assert.match(authorizerEvent({ accountId: '210987654321' }).methodArn, ':eu-west-1:210987654321:')
})

test('its context is that of $connect, with the id of the connection to be, and nothing that an authorizer said', () => {
  const { requestContext } = connectEvent({ now: 5 })
  assert.equal(Object.keys(sample.requestContext), Object.keys(requestContext))
  const { routeKey, eventType, connectionId, connectedAt } = sample.requestContext
  assert.equal([routeKey, eventType, connectionId, connectedAt], ['$connect', 'CONNECT', 'TXzPWdnOjoECGjA=', 5])
})

test('without a query the parameters are left out, and stage variables are there in any case', () => {
  const event = authorizerEvent()
  assert.equal(
    Object.keys(event),
    KEYS.filter((key) => !key.toLowerCase().endsWith('parameters')),
  )
  assert.equal(event.stageVariables, {})
  assert.equal(authorizerEvent({ stageVariables: { table: 't' } }).stageVariables, { table: 't' })
})

test.run()
