import { Sha256 } from '@aws-crypto/sha256-js'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sign } from '../../lib/aws/sign.ts'
import { credentials, host, MINUTE, now, official, region, signerOf, verified } from '../kit/signed.ts'

const test = suite('local verifySignature')

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

for (const query of [
  { a: 'x', a1: 'y' },
  { a: 'x', 'a-b': 'y' },
  { a: ['2', '1'], A: '3' },
  { '?a': 'x' },
  { "it's (a)*!": '~-_. +&=é' },
])
  test(`names of a query are put into the order of AWS: ${JSON.stringify(query)}`, async () => {
    assert.is(verified(await official({ query })), undefined)
  })

test('a question mark more is a change of the query', async () => {
  const request = await official({ query: { a: 'x' } })
  assert.is(verified({ ...request, url: request.url.replace('?', '??') })?.type, 'InvalidSignatureException')
})

test('a session token may be signed with the rest, or come beside it', async () => {
  const given = { credentials: { ...credentials, sessionToken: 'token' } }
  const signed = await official({ sessionToken: 'token' })
  assert.match(String(signed.headers.authorization), 'x-amz-security-token')
  assert.is(verified(signed, given), undefined)
  const plain = await official()
  assert.is(verified({ ...plain, headers: { ...plain.headers, 'x-amz-security-token': 'token' } }, given), undefined)
  assert.is(verified(plain, given)?.type, 'UnrecognizedClientException')
})

test('a session token that is set to nothing is none', async () => {
  assert.is(verified(await official(), { credentials: { ...credentials, sessionToken: '' } }), undefined)
})

for (const date of ['20260101T120000Z', 'Thu, 01 Jan 2026 12:00:00 GMT'])
  test(`where there is no x-amz-date the Date header is taken: ${date}`, async () => {
    const scope = '20260101/eu-west-1/execute-api/aws4_request'
    const hash = async (text: string) => {
      const sha = new Sha256()
      sha.update(text)
      return Buffer.from(await sha.digest()).toString('hex')
    }
    const canonical = `GET\n/prod\n\ndate:${date}\nhost:${host}\n\ndate;host\n${await hash('')}`
    const toSign = `AWS4-HMAC-SHA256\n20260101T120000Z\n${scope}\n${await hash(canonical)}`
    const signature = await signerOf(credentials).sign(toSign, { signingDate: new Date(now) })
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=date;host, Signature=${signature}`
    const request = { method: 'GET', url: '/prod', headers: { host, date, authorization }, body: Buffer.from('') }
    assert.is(verified(request), undefined)
    assert.match(verified(request, { now: now + 6 * MINUTE })?.message ?? '', /^Signature expired: 20260101T120000Z/)
  })

test('parts of the Authorization header may come in any order, and without spaces', async () => {
  const request = await official()
  const [algorithm = '', ...parts] = String(request.headers.authorization).split(/,? /)
  for (const authorization of [`${algorithm} ${parts.join(',')}`, `${algorithm}  ${[...parts].reverse().join(' ,  ')}`])
    assert.is(verified({ ...request, headers: { ...request.headers, authorization } }), undefined)
})

test('a change of any one byte of what is signed is found', async () => {
  const request = await official({
    body: '{"action":"send"}',
    query: { a: '1', b: '2' },
    headers: { 'content-type': 'application/json' },
    sessionToken: 'token',
  })
  const given = { credentials: { ...credentials, sessionToken: 'token' } }
  assert.is(verified(request, given), undefined)
  const { method, url, headers, body } = request
  const names = /SignedHeaders=([^,]+)/.exec(String(headers.authorization))?.[1]?.split(';') ?? []
  assert.equal(names, ['content-type', 'host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'])
  const parts: Readonly<Record<string, string>> = {
    method,
    url,
    body: body.toString('latin1'),
    ...Object.fromEntries(names.map((name) => [name, String(headers[name])])),
  }
  const property = fc.property(
    fc.constantFrom(...Object.keys(parts)),
    fc.nat(200),
    fc.integer({ min: 1, max: 255 }),
    (part, place, mask) => {
      const bytes = Buffer.from(parts[part] ?? '', 'latin1')
      bytes.writeUInt8(bytes.readUInt8(place % bytes.length) ^ mask, place % bytes.length)
      const { method, url, body, ...headers } = { ...parts, [part]: bytes.toString('latin1') }
      const changed = { method: String(method), url: String(url), body: Buffer.from(String(body), 'latin1') }
      return verified({ ...changed, headers: { ...request.headers, ...headers } }, given) !== undefined
    },
  )
  fc.assert(property, { seed: 4, numRuns: 2_000 })
})

test('whatever comes in is refused, and nothing is thrown', async () => {
  const { headers } = await official()
  const bytes = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  const field = fc.tuple(fc.constantFrom('Credential', 'Signature', 'SignedHeaders', '__proto__', ''), bytes)
  const authorization = fc.oneof(
    bytes,
    bytes.map((text) => `AWS4-HMAC-SHA256 ${text}`),
    fc.array(field).map((fields) => `AWS4-HMAC-SHA256 ${fields.map((pair) => pair.join('=')).join(', ')}`),
    bytes.map((text) => String(headers.authorization).replace(/Signature=.*/, `Signature=${text}`)),
    bytes.map((text) => String(headers.authorization).replace(/SignedHeaders=[^,]*/, `SignedHeaders=host;${text}`)),
    fc.constant(String(headers.authorization)),
  )
  const property = fc.property(bytes, bytes, authorization, bytes, (method, url, authorization, time) => {
    const sent = { ...headers, authorization }
    const reached = [
      verified({ method, url, headers: sent, body: Buffer.from('x') }),
      verified({ method, url, headers: { ...sent, 'x-amz-date': time }, body: Buffer.from('x') }),
    ]
    return reached.every((refusal) => refusal?.status === 403 && refusal.message !== '' && refusal.reason !== '')
  })
  fc.assert(property, { seed: 4, numRuns: 1_000 })
})

test.run()
