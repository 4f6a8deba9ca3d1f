import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SignedRequest } from '../../lib/local/verify.ts'
import { credentials, host, MINUTE, now, official, verified } from '../kit/signed.ts'

const test = suite('local verifySignature, what is refused')

type Of = (request: SignedRequest) => readonly [SignedRequest, object?]

/** The same request with another Authorization header. */
const authorized =
  (change: (text: string) => string): Of =>
  ({ headers, ...request }) => [
    { ...request, headers: { ...headers, authorization: change(String(headers.authorization)) } },
  ]

const refusals: readonly (readonly [how: string, of: Of, type: string, message: RegExp])[] = [
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
    /^Invalid key=value pair \(missing equal-sign\) in Authorization header \(hashed with SHA-256 and encoded with Base64\): 'LXEWQrcmsEQBYnyp\+6wy9chTD7GQPMTbAiWHF5IaSIE='\.$/,
  ],
  [
    'with a token and nothing else',
    () => [
      { method: 'GET', url: '/', headers: { host, authorization: 'eyJhbGciOiJIUzI1NiJ9' }, body: Buffer.from('') },
    ],
    'IncompleteSignatureException',
    /^Authorization header requires 'Credential' parameter\. Authorization header requires 'Signature' parameter\. Authorization header requires 'SignedHeaders' parameter\. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\.$/,
  ],
  [
    'with another algorithm',
    authorized((text) => text.replace('SHA256', 'SHA1')),
    'IncompleteSignatureException',
    /^Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'\.$/,
  ],
  [
    'with a credential that lacks a part',
    authorized((text) => text.replace('/execute-api', '')),
    'IncompleteSignatureException',
    /^Credential must have exactly 5 slash-delimited elements, .* got 'AKIDEXAMPLE\/20260101\/eu-west-1\/aws4_request'\.$/,
  ],
  [
    'without a date',
    (request) => [{ ...request, headers: { ...request.headers, 'x-amz-date': undefined } }],
    'IncompleteSignatureException',
    /^Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\.$/,
  ],
  [
    'with a date of another form',
    (request) => [{ ...request, headers: { ...request.headers, 'x-amz-date': '2026-01-01T12:00:00Z' } }],
    'IncompleteSignatureException',
    /^Date must be in ISO-8601 'basic format'\. Got '2026-01-01T12:00:00Z'\.$/,
  ],
  [
    'on a day that is none',
    ({ headers, ...request }) => [
      {
        ...request,
        headers: {
          ...headers,
          'x-amz-date': '20261399T120000Z',
          authorization: String(headers.authorization).replace('/20260101/', '/20261399/'),
        },
      },
    ],
    'InvalidSignatureException',
    /^Date must be in ISO-8601 'basic format'\. Got '20261399T120000Z'\.$/,
  ],
  [
    'with a signature that is cut off',
    authorized((text) => text.slice(0, -1)),
    'InvalidSignatureException',
    /^The request signature we calculated does not match/,
  ],
  [
    'for another purpose than a request',
    authorized((text) => text.replace('aws4_request', 'aws4_event')),
    'InvalidSignatureException',
    /^Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4_event'\.$/,
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
    'where there are no credentials to check it with',
    (request) => [request, { credentials: undefined }],
    'UnrecognizedClientException',
    /^The security token included in the request is invalid\.$/,
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
    authorized((text) => text.replace('host;', '')),
    'InvalidSignatureException',
    /^'Host' must be a 'SignedHeader'/,
  ],
  [
    'for another service',
    authorized((text) => text.replace('execute-api', 's3')),
    'InvalidSignatureException',
    /^Credential should be scoped to correct service: 'execute-api'\.$/,
  ],
  [
    'whose scope has another day',
    authorized((text) => text.replace('/20260101/', '/20260102/')),
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

test('a signature of up to five minutes either way is taken, and not one of a second more', async () => {
  const request = await official()
  for (const ms of [5 * MINUTE, -5 * MINUTE]) {
    assert.is(verified(request, { now: now + ms }), undefined)
    assert.ok(verified(request, { now: now + ms + Math.sign(ms) * 1_000 }))
  }
})

test('the log gets the canonical request that did not match, and the caller does not', async () => {
  const refusal = verified(await official(), { credentials: { ...credentials, secretAccessKey: 'other' } })
  assert.match(
    refusal?.reason ?? '',
    /^The canonical request is:\nPOST\n\/prod\/%40connections\/L0SM9cOFvHcCIhw%253D\n\nhost:abcd1234/,
  )
  assert.not.match(refusal?.message ?? '', 'connections')
})

test.run()
