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
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const sent: Record<string, string> = { ...headers, host, 'x-amz-date': time }
  if (sessionToken) sent['x-amz-security-token'] = sessionToken

  let lines = ''
  let signedHeaders = ''
  for (const name of Object.keys(sent).sort()) {
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
  crypto()
    .createHmac('sha256', signingKey(secret, scope))
    .update(`${ALGORITHM}\n${time}\n${scope}\n${sha256(request)}`)
    .digest('hex')

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

type Crypto = typeof import('node:crypto')
type Key = Parameters<Crypto['createHmac']>[1]

/** One key per day, region, service and secret, the newest first. */
let keys: readonly { readonly secret: string; readonly scope: string; readonly key: Key }[] = []
const signingKey = (secret: string, scope: string): Key => {
  const found = keys.find((one) => one.scope === scope && one.secret === secret)
  if (found) return found.key
  // Kept as a KeyObject: on Node 24 an HMAC with raw key bytes costs 13 us, with a KeyObject 1.7 us.
  const key = crypto().createSecretKey(scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secret}`) as Buffer)
  keys = [{ secret, scope, key }, ...keys.slice(0, MAX_KEYS - 1)]
  return key
}

const hmac = (key: Key, text: string) => crypto().createHmac('sha256', key).update(text).digest()

export const sha256 = (data: string | Uint8Array): string => crypto().hash('sha256', data)

let loaded: Crypto | undefined
/** Loaded at the first signature, so that importing this file costs nothing. */
const crypto = (): Crypto => {
  loaded ??= process.getBuiltinModule('node:crypto')
  return loaded
}
