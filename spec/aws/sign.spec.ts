import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { percentEncode, type Signable, type SignOptions, sign } from '../../lib/aws/sign.ts'

const test = suite('aws/sign')

const HOST = 'example.amazonaws.com'
const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='
const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const suiteOptions: SignOptions = {
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
  region: 'us-east-1',
  service: 'service',
  now: () => Date.parse('2015-08-30T12:36:00Z'),
}

/** AWS's published Signature Version 4 test suite (aws-sig-v4-test-suite): case, request, signed headers, signature. */
type Vector = readonly [name: string, request: Omit<Signable, 'host'>, signedHeaders: string, signature: string]
const get = (path: string, headers?: Record<string, string>) => ({ method: 'GET', path, headers })
const form = (contentType: string) => ({
  method: 'POST',
  path: '/',
  headers: { 'content-type': contentType },
  body: 'Param1=value1',
})
const VECTORS: readonly Vector[] = [
  ['get-vanilla', get('/'), 'host;x-amz-date', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-unreserved',
    get(`/${UNRESERVED}`),
    'host;x-amz-date',
    '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  ],
  ['get-utf8', get('/ሴ'), 'host;x-amz-date', '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
  [
    'get-space',
    get('/example space/'),
    'host;x-amz-date',
    '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741',
  ],
  [
    'get-header-key-duplicate',
    get('/', { 'my-header1': 'value2,value2,value1' }),
    'host;my-header1;x-amz-date',
    'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  ],
  [
    'post-vanilla',
    { method: 'POST', path: '/' },
    'host;x-amz-date',
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  ],
  [
    'post-header-key-sort',
    { method: 'POST', path: '/', headers: { 'my-header1': 'value1' } },
    'host;my-header1;x-amz-date',
    'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  ],
  [
    'post-x-www-form-urlencoded',
    form('application/x-www-form-urlencoded'),
    'content-type;host;x-amz-date',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
  [
    'post-x-www-form-urlencoded-parameters',
    form('application/x-www-form-urlencoded; charset=utf8'),
    'content-type;host;x-amz-date',
    '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
  ],
]

for (const [name, request, signedHeaders, signature] of VECTORS)
  test(`the published vector ${name} holds`, () => {
    const { authorization } = sign({ host: HOST, ...request }, suiteOptions)
    assert.is(authorization, authorizationOf(signedHeaders, signature))
  })

test('the published vector post-sts-header-before holds: a session token is signed', () => {
  const credentials = { ...suiteOptions.credentials, sessionToken: TOKEN }
  const headers = sign({ method: 'POST', host: HOST, path: '/' }, { ...suiteOptions, credentials })
  assert.is(headers['x-amz-security-token'], TOKEN)
  assert.is(
    headers.authorization,
    authorizationOf(
      'host;x-amz-date;x-amz-security-token',
      '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    ),
  )
})

test('signatures equal those of @smithy/signature-v4, whatever is signed', async () => {
  await fc.assert(
    fc.asyncProperty(requests, contexts, async ({ method, path, headers, body }, context) => {
      const signed = sign({ method, host: HOST, path, headers, body }, { ...context, now: () => context.at })
      const smithy = new SignatureV4({ ...context, sha256: Sha256, applyChecksum: false })
      const expected = await smithy.sign(
        {
          method,
          path,
          headers: { ...headers, host: HOST },
          body,
          protocol: 'https:',
          hostname: HOST,
        },
        { signingDate: new Date(context.at) },
      )
      assert.is(signed.authorization, expected.headers.authorization)
      assert.is(signed['x-amz-date'], expected.headers['x-amz-date'])
    }),
    { numRuns: 500 },
  )
})

test('the connection id of a @connections path is encoded twice and the @ once', async () => {
  const { authorization } = sign(
    { method: 'POST', host: HOST, path: '/prod/@connections/R0oXAdfD0kwCH6w%3D' },
    suiteOptions,
  )
  assert.is(
    authorization,
    authorizationOf('host;x-amz-date', '7e1463cacb4059f4cfb19bf6b33472ba9e53960f1e0d99828ba70c846dfcbd49'),
  )
})

test('keys of many days and secrets do not mix', () => {
  const day = 24 * 60 * 60 * 1000
  const signAt = (ms: number) => sign({ method: 'GET', host: HOST, path: '/' }, { ...suiteOptions, now: () => ms })
  const first = Array.from({ length: 100 }, (_, index) => signAt(index * day).authorization)
  const again = Array.from({ length: 100 }, (_, index) => signAt(index * day).authorization)
  assert.equal(again, first)
  assert.is(new Set(first).size, 100)
})

test('the clock is the system clock unless another is given', () => {
  const { now: _, ...options } = suiteOptions
  const { 'x-amz-date': time = '' } = sign({ method: 'GET', host: HOST, path: '/' }, options)
  assert.match(time, /^20\d{6}T\d{6}Z$/)
})

const authorizationOf = (signedHeaders: string, signature: string) =>
  `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`

const words = fc.string({ unit: 'binary', maxLength: 12 })
const segments = fc
  .oneof(
    words.map(percentEncode),
    fc.string({ unit: fc.constantFrom(..."aZ9-._~%@=+&$,;:!*()'é ሴ"), maxLength: 8 }),
    fc.constantFrom('@connections', '%40connections'),
  )
  .filter((segment) => !['', '.', '..'].includes(segment))
const headerNames = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'abcxyz019-'), minLength: 1, maxLength: 8 }).map((name) => `x-${name}`),
  fc.constantFrom('content-type', 'x-amz-target'),
)
const requests = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT'),
  path: fc.array(segments, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
  headers: fc
    .uniqueArray(
      fc.tuple(
        headerNames,
        fc
          .string({ unit: fc.constantFrom(...'aB1 \t"=;,é'), maxLength: 16 })
          .map((value) => value.replace(/\s+/g, ' ').trim()),
      ),
      {
        selector: ([name]) => name,
        maxLength: 5,
      },
    )
    .map((pairs) => Object.fromEntries(pairs)),
  body: fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array(), fc.constant(undefined)),
})
const contexts = fc.record({
  credentials: fc.record(
    {
      accessKeyId: fc.string({ minLength: 1 }),
      secretAccessKey: fc.string({ minLength: 1 }),
      sessionToken: fc.base64String({ minLength: 1 }),
    },
    { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
  ),
  region: fc.constantFrom('us-east-1', 'eu-central-1', 'cn-north-1'),
  service: fc.constantFrom('execute-api', 'dynamodb', 'sqs'),
  at: fc.integer({ min: 0, max: Date.parse('2100-01-01') }),
})

test.run()
