/** The keys that sign: a user's, or a role's with the session token that goes with them. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface Signable {
  readonly method: string
  /** As the `Host` header is sent: with the port, unless it is the scheme's own. */
  readonly host: string
  /** As the request line is sent: percent-encoded, of whole segments, without a query. */
  readonly path: string
  /** Names in lower case, values without a space at either end: all of them are signed. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | Uint8Array | undefined
}

export interface SignOptions {
  readonly credentials: Credentials
  readonly region: string
  /** The service's signing name: `execute-api`, `dynamodb`. */
  readonly service: string
  /** Epoch milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
/** More than a few are the change of a day, or of credentials. */
const MAX_KEYS = 8

/**
 * Sign a request with AWS Signature Version 4. Returns every header to send.
 *
 * ```ts
 * sign({ method: 'GET', host, path: '/prod/@connections/abc%3D' }, { credentials, region, service: 'execute-api' })
 * ```
 *
 * Any service but S3, whose paths are encoded once instead of twice.
 */
export const sign = (
  { method, host, path, headers, body = '' }: Signable,
  { credentials, region, service, now = Date.now }: SignOptions,
): Record<string, string> => {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const time = timestamp(now())
  const scope = scopeOf(time, region, service)
  const own = { host, 'x-amz-date': time }
  const sent: Record<string, string> = headers ? { ...headers, ...own } : own
  if (sessionToken) sent['x-amz-security-token'] = sessionToken

  let lines = ''
  let signedHeaders = ''
  const names = Object.keys(sent)
  // By themselves ours are in order, and for a short text like this one sorting costs as much as hashing does.
  if (headers) names.sort()
  for (const name of names) {
    lines += `${name}:${sent[name]}\n`
    signedHeaders += signedHeaders === '' ? name : `;${name}`
  }
  const request = `${method}\n${canonicalPath(path)}\n\n${lines}\n${signedHeaders}\n${hashOf(body)}`
  const signature = signatureOf(secretAccessKey, scope, time, request)
  sent.authorization = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`
  return sent
}

/** The signature of a canonical request: in hexadecimal. `time` as `x-amz-date` has it. */
export const signatureOf = (secret: string, scope: string, time: string, request: string): string =>
  authenticate(signingKey(secret, scope), `${ALGORITHM}\n${time}\n${scope}\n${sha256(request)}`)

/** Percent-encode everything but RFC 3986's unreserved characters; `encodeURIComponent` spares five more. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** The path on the wire is encoded already; SigV4 wants it encoded once more: `abc%3D` signs as `abc%253D`. */
export const canonicalPath = (path: string): string => path.replace(/[^\w.~/-]/g, encodeAgain)

/** Hardly anything else occurs in a path. */
const encodeAgain = (char: string) => (char === '%' ? '%25' : char === '@' ? '%40' : percentEncode(char))

let hashedBody = ''
let hash = ''
/** A broadcast sends one body to many: it is hashed once. */
const hashOf = (body: string | Uint8Array): string => {
  if (typeof body !== 'string') return sha256(body)
  if (hash === '' || body !== hashedBody) {
    hash = sha256(body)
    hashedBody = body
  }
  return hash
}

let second = Number.NaN
let text = ''
/** `20150830T123600Z`. Formatting a date costs a tenth of a signature, and many fall into one second. */
const timestamp = (ms: number) => {
  const wanted = Math.floor(ms / 1000)
  if (wanted !== second) text = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  second = wanted
  return text
}

let last = { time: '', region: '', service: '', scope: '' }
/** Most signatures have the scope of the one before. Kept as one text, it is compared and hashed faster. */
const scopeOf = (time: string, region: string, service: string) => {
  if (last.time !== time || last.region !== region || last.service !== service)
    last = { time, region, service, scope: `${time.slice(0, 8)}/${region}/${service}/aws4_request` }
  return last.scope
}

/** The two blocks that an HMAC starts its hashes with (RFC 2104), the second with room for what the first comes to. */
interface Key {
  readonly inner: Buffer
  readonly outer: Buffer
}

/** One key per day, region, service and secret, the newest first. */
let keys: readonly { readonly secret: string; readonly scope: string; readonly key: Key }[] = []
const signingKey = (secret: string, scope: string): Key => {
  const found = keys.find((one) => one.scope === scope && one.secret === secret)
  if (found) return found.key
  const bytes = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`) as Buffer
  const key = { inner: Buffer.alloc(BLOCK, 0x36), outer: Buffer.alloc(BLOCK + bytes.length, 0x5c) }
  for (const [index, byte] of bytes.entries()) {
    key.inner[index] = 0x36 ^ byte
    key.outer[index] = 0x5c ^ byte
  }
  keys = [{ secret, scope, key }, ...keys.slice(0, MAX_KEYS - 1)]
  return key
}

/**
 * An HMAC in hexadecimal, by two hashes of bytes that are at hand. `createHmac` makes a stream for each one and takes
 * twice as long, and on Node 24 eight times where its key is no KeyObject.
 */
const authenticate = ({ inner, outer }: Key, text: string): string => {
  // A character takes at most three bytes in UTF-8.
  const message = Buffer.allocUnsafe(BLOCK + text.length * 3)
  inner.copy(message)
  const end = BLOCK + message.write(text, BLOCK)
  outer.write(sha256(message.subarray(0, end)), BLOCK, 'hex')
  return sha256(outer)
}

/** SHA-256 takes bytes in blocks of 64. */
const BLOCK = 64

const hmac = (key: string | Buffer, text: string) => crypto().createHmac('sha256', key).update(text).digest()

export const sha256 = (data: string | Uint8Array): string => crypto().hash('sha256', data)

let loaded: typeof import('node:crypto') | undefined
/** Loaded at the first signature, so that importing this file costs nothing. */
const crypto = () => {
  loaded ??= process.getBuiltinModule('node:crypto')
  return loaded
}
