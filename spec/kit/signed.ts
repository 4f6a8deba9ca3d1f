import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Credentials } from '../../lib/aws/sign.ts'
import { type SignedRequest, verifySignature } from '../../lib/local/verify.ts'

export const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' }
export const region = 'eu-west-1'
export const now = Date.UTC(2026, 0, 1, 12)
export const MINUTE = 60_000
export const host = 'abcd1234.execute-api.eu-west-1.amazonaws.com'

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly body?: string
  readonly query?: Record<string, string | string[]>
  readonly headers?: Record<string, string>
  readonly sessionToken?: string
}

/** A call of `@connections`, signed by AWS's own signer. */
export const official = async ({
  method = 'POST',
  path = '/prod/@connections/L0SM9cOFvHcCIhw%3D',
  body = '',
  query,
  headers: more = {},
  sessionToken,
}: Asked = {}) => {
  const { headers } = await signerOf({ ...credentials, sessionToken }).sign(
    { method, protocol: 'https:', hostname: host, path, headers: { host, ...more }, body, ...(query && { query }) },
    { signingDate: new Date(now) },
  )
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  )
  const url = query ? `${path}?${new URLSearchParams(pairs)}` : path
  return { method, url, headers, body: Buffer.from(body) }
}

/** AWS's own signer. */
export const signerOf = ({ sessionToken, ...keys }: Credentials) =>
  new SignatureV4({
    credentials: { ...keys, ...(sessionToken && { sessionToken }) },
    region,
    service: 'execute-api',
    sha256: Sha256,
  })

/** The verdict on a request: `undefined` where it is let through. */
export const verified = (request: SignedRequest, changes: object = {}) =>
  verifySignature(request, { credentials, region, now, ...changes })
