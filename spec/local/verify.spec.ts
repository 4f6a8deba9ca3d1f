import { Sha256 } from '@aws-crypto/sha256-js'
import {
  ApiGatewayManagementApiClient,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sign } from '../../lib/aws/sign.ts'
import { management } from '../../lib/gateway/management.ts'
import type { LocalOptions } from '../../lib/local/index.ts'
import { type SignedRequest, verifySignature } from '../../lib/local/verify.ts'
import { closeAll, connect, local, ok } from '../kit/local.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('local verifySignature')
test.after.each(closeAll)

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' }
const region = 'eu-west-1'
const now = Date.UTC(2026, 0, 1, 12)
const host = 'abcd1234.execute-api.eu-west-1.amazonaws.com'

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly body?: string
  readonly query?: Record<string, string>
}

/** Signed by AWS's own signer. */
const official = async ({
  method = 'POST',
  path = '/prod/@connections/L0SM9cOFvHcCIhw%3D',
  body = '',
  query,
}: Asked = {}) => {
  const signer = new SignatureV4({ credentials, region, service: 'execute-api', sha256: Sha256 })
  const { headers } = await signer.sign(
    { method, protocol: 'https:', hostname: host, path, headers: { host }, body, ...(query && { query }) },
    { signingDate: new Date(now) },
  )
  const url = query ? `${path}?${new URLSearchParams(query)}` : path
  return { method, url, headers, body: Buffer.from(body) }
}

const verified = (request: SignedRequest, changes: object = {}) =>
  verifySignature(request, { credentials, region, now, ...changes })

for (const path of [
  '/prod/@connections/L0SM9cOFvHcCIhw%3D',
  '/prod/%40connections/L0SM9cOFvHcCIhw%3D',
  '/prod/@connections/L0SM9cOFvHcCIhw=',
  '/@connections/L0SM9cOFvHcCIhw%3D',
]) {
  test(`what AWS's own signer signs is right: ${path}`, async () => {
    for (const method of ['POST', 'GET', 'DELETE'])
      assert.is(verified(await official({ method, path, body: method === 'POST' ? '{"a":"é"}' : '' })), undefined)
  })

  test(`what our own signer signs is right: ${path}`, () => {
    const options = { credentials, region, service: 'execute-api', now: () => now }
    const headers = sign({ method: 'POST', host, path, body: 'hello' }, options)
    assert.is(verified({ method: 'POST', url: path, headers, body: Buffer.from('hello') }), undefined)
  })
}

test('a query is part of what is signed', async () => {
  const request = await official({ query: { b: '2 3', a: 'x' } })
  assert.is(verified(request), undefined)
  assert.is(verified({ ...request, url: request.url.replace('b=2', 'b=3') })?.type, 'InvalidSignatureException')
})

test('a change of any one character of what is signed is found', async () => {
  const request = await official({ body: '{"action":"send"}' })
  const parts = {
    method: request.method,
    url: request.url,
    body: request.body.toString(),
    time: request.headers['x-amz-date'] ?? '',
  }
  const property = fc.property(
    fc.constantFrom('method', 'url', 'body', 'time'),
    fc.nat(200),
    fc.constantFrom('q', 'Z', '7'),
    (part, at, char) => {
      const text = parts[part]
      const place = at % text.length
      const changed = `${text.slice(0, place)}${char}${text.slice(place + 1)}`
      fc.pre(changed !== text)
      const { method, url, body, time } = { ...parts, ...Object.fromEntries([[part, changed]]) } as typeof parts
      return (
        verified({ method, url, headers: { ...request.headers, 'x-amz-date': time }, body: Buffer.from(body) }) !==
        undefined
      )
    },
  )
  fc.assert(property, { seed: 4 })
})

const MINUTE = 60_000
const refusals: readonly (readonly [
  how: string,
  of: (request: SignedRequest) => readonly [SignedRequest, object?],
  type: string,
  message: RegExp,
])[] = [
  [
    'without a signature',
    (request) => [{ ...request, headers: { host } }],
    'MissingAuthenticationTokenException',
    /^Missing Authentication Token$/,
  ],
  [
    'with a header of another kind',
    (request) => [{ ...request, headers: { ...request.headers, authorization: 'Bearer x' } }],
    'IncompleteSignatureException',
    /Signature Version 4/,
  ],
  [
    'without a date',
    (request) => [{ ...request, headers: { ...request.headers, 'x-amz-date': undefined } }],
    'IncompleteSignatureException',
    /Signature Version 4/,
  ],
  [
    'of another key',
    (request) => [request, { credentials: { ...credentials, accessKeyId: 'other' } }],
    'UnrecognizedClientException',
    /^The security token included in the request is invalid\.$/,
  ],
  [
    'of another secret',
    (request) => [request, { credentials: { ...credentials, secretAccessKey: 'other' } }],
    'InvalidSignatureException',
    /^The request signature we calculated does not match/,
  ],
  [
    'without the session token of the credentials',
    (request) => [request, { credentials: { ...credentials, sessionToken: 't' } }],
    'UnrecognizedClientException',
    /security token/,
  ],
  [
    'with a session token that nobody gave',
    (request) => [{ ...request, headers: { ...request.headers, 'x-amz-security-token': 't' } }],
    'UnrecognizedClientException',
    /security token/,
  ],
  [
    'of another region',
    (request) => [request, { region: 'us-east-1' }],
    'InvalidSignatureException',
    /^Credential should be scoped to a valid region, not 'eu-west-1'\.$/,
  ],
  [
    'that is six minutes old',
    (request) => [request, { now: now + 6 * MINUTE }],
    'InvalidSignatureException',
    /^Signature expired: 20260101T120000Z is now earlier than 20260101T120100Z \(20260101T120600Z - 5 min\.\)$/,
  ],
  [
    'from six minutes ahead',
    (request) => [request, { now: now - 6 * MINUTE }],
    'InvalidSignatureException',
    /^Signature not yet current: 20260101T120000Z is still later than/,
  ],
  [
    'whose host is another',
    (request) => [{ ...request, headers: { ...request.headers, host: 'example.com' } }],
    'InvalidSignatureException',
    /^The request signature we calculated/,
  ],
  [
    'that is said to cover what is not there',
    (request) => [{ ...request, headers: { ...request.headers, host: undefined } }],
    'InvalidSignatureException',
    /^The request signature/,
  ],
  [
    'that does not cover the host',
    ({ headers, ...request }) => [
      { ...request, headers: { ...headers, authorization: String(headers.authorization).replace('host;', '') } },
    ],
    'InvalidSignatureException',
    /^'Host' must be a 'SignedHeader'/,
  ],
  [
    'for another service',
    ({ headers, ...request }) => [
      {
        ...request,
        headers: { ...headers, authorization: String(headers.authorization).replace('execute-api', 's3') },
      },
    ],
    'InvalidSignatureException',
    /^Credential should be scoped to correct service: 'execute-api'\.$/,
  ],
  [
    'whose scope has another day',
    ({ headers, ...request }) => [
      {
        ...request,
        headers: { ...headers, authorization: String(headers.authorization).replace('/20260101/', '/20260102/') },
      },
    ],
    'InvalidSignatureException',
    /^Date in Credential scope does not match/,
  ],
]
for (const [how, of, type, message] of refusals)
  test(`a request ${how} is refused with 403 ${type}`, async () => {
    const [request, changes] = of(await official())
    const refusal = verified(request, changes)
    assert.is(refusal?.status, 403)
    assert.is(refusal?.type, type)
    assert.match(refusal?.message ?? '', message)
    assert.ok((refusal?.reason ?? '').length > 10)
  })

/** A gateway that asks for signatures, and an open connection. */
const guarded = async (verifySignature: LocalOptions['verifySignature'] = credentials) => {
  const gateway = await local(ok, { verifySignature })
  const client = await connect(gateway.url)
  const { requestContext } = await gateway.next('CONNECT')
  return { ...gateway, client, connectionId: requestContext.connectionId }
}

const sdk = (endpoint: string, given = credentials) =>
  new ApiGatewayManagementApiClient({ endpoint, region, credentials: given, maxAttempts: 1 })

test('over HTTP the official client is let through with the right secret, and refused with a wrong one', async () => {
  const { endpoint, client, connectionId: ConnectionId } = await guarded()
  await sdk(endpoint).send(new PostToConnectionCommand({ ConnectionId, Data: 'hello' }))
  assert.is(await client.next(), 'hello')
  assert.ok((await sdk(endpoint).send(new GetConnectionCommand({ ConnectionId }))).ConnectedAt)
  const wrong = sdk(endpoint, { ...credentials, secretAccessKey: 'wrong' })
  const error = await rejection(wrong.send(new PostToConnectionCommand({ ConnectionId, Data: 'no' })))
  assert.is(Object(error).name, 'InvalidSignatureException')
  assert.equal(client.received.length, 1)
  client.socket.terminate()
})

test('over HTTP our own client is let through, and says what to look at when it is refused', async () => {
  const { endpoint, client, connectionId } = await guarded()
  const gateway = management({ endpoint, region, credentials: async () => credentials })
  assert.equal(await gateway.post(connectionId, 'hello'), { outcome: 'delivered' })
  assert.is(await client.next(), 'hello')
  const wrong = management({
    endpoint,
    region,
    credentials: async () => ({ ...credentials, secretAccessKey: 'wrong' }),
  })
  const refused = await wrong.post(connectionId, 'no')
  assert.is(refused.outcome, 'forbidden')
  assert.match(
    Object(refused).reason,
    /^API Gateway does not accept the signature\. Check the credentials, their region and the clock/,
  )
  client.socket.terminate()
})

test('over HTTP an unsigned call is refused', async () => {
  const { endpoint, client, connectionId } = await guarded()
  const answer = await fetch(`${endpoint}/@connections/${encodeURIComponent(connectionId)}`, {
    method: 'POST',
    body: 'no',
  })
  assert.is(answer.status, 403)
  assert.is(answer.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException')
  assert.equal(await answer.json(), { message: 'Missing Authentication Token' })
  client.socket.terminate()
})

test.run()
