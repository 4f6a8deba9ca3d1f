import { sha256 } from '../aws/sign.ts'

/** What an `Authorization` header of Signature Version 4 says. */
export interface SignatureHeader {
  readonly accessKeyId: string
  /** `20260101/eu-west-1/execute-api/aws4_request`. */
  readonly scope: string
  /** The headers that were signed, in the order in which they were. */
  readonly names: readonly string[]
  /** In hexadecimal, if it is one. */
  readonly signature: string
}

/**
 * Read an `Authorization` header of Signature Version 4; a sentence where it is none.
 *
 * The sentences are those of API Gateway (aws/chalice#828, aws-amplify/amplify-flutter#1539 and, since it hashes what it
 * repeats, awslabs/time-addressable-media-store#8). Those about the algorithm and the credential are from memory.
 */
export const readSignatureHeader = (header: string, time: string | undefined): SignatureHeader | string => {
  const [algorithm = ''] = header.split(' ', 1)
  const rest = header.slice(algorithm.length + 1)
  const parts = rest
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (parts.some((part) => !part.includes('=')))
    return `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${hashed(rest)}'.`
  const fields = new Map(parts.map(pairOf))
  const missing = NEEDED.filter((name) => !fields.get(name)).map((name) => `requires '${name}' parameter`)
  if (time === undefined) missing.push("requires existence of either a 'X-Amz-Date' or a 'Date' header")
  if (missing.length > 0) return missing.map((what) => `Authorization header ${what}.`).join(' ')
  if (algorithm !== ALGORITHM) return `Unsupported AWS 'algorithm': '${algorithm}'.`
  const [credential = '', signature = '', names = ''] = NEEDED.map((name) => fields.get(name))
  const [accessKeyId = '', ...scope] = credential.split('/')
  if (scope.length !== 4)
    return `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'.`
  return { accessKeyId, scope: scope.join('/'), names: names.split(';'), signature }
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
/** In the order in which API Gateway misses them. */
const NEEDED = ['Credential', 'Signature', 'SignedHeaders'] as const

const pairOf = (part: string): [string, string] => {
  const at = part.indexOf('=')
  return [part.slice(0, at), part.slice(at + 1)]
}

const hashed = (text: string) => Buffer.from(sha256(text), 'hex').toString('base64')
