import { timingSafeEqual } from 'node:crypto'
import { type Credentials, canonicalPath, percentEncode, sha256, signatureOf } from '../aws/sign.ts'
import { SIGNATURE, SIGNATURE_SKEW_MS } from './rules-connections.ts'
import { readSignatureHeader } from './signature-header.ts'

/** A request as it came in. */
export interface SignedRequest {
  readonly method: string
  /** The request target: path and query as they were sent. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
}

export interface VerifyOptions {
  /** The one caller who may call. `undefined` where this process has no credentials. */
  readonly credentials: Credentials | undefined
  /** Where the API is; any region where nobody says. */
  readonly region?: string | undefined
  /** Epoch milliseconds. */
  readonly now: number
}

/** Why API Gateway does not take a signature. */
export interface SignatureRefusal {
  readonly status: 403
  readonly type: string
  readonly message: string
  /** For the log of whoever runs the gateway: what to look at. */
  readonly reason: string
}

/**
 * Check the Signature Version 4 of a call of `@connections`. `undefined`: it is right.
 *
 * That a signature is good for 5 minutes, and not for 15 as with some services, was seen with `PostToConnection` itself
 * (cognitect-labs/aws-api#255).
 */
export const verifySignature = (request: SignedRequest, options: VerifyOptions): SignatureRefusal | undefined => {
  const { authorization } = request.headers
  if (authorization === undefined) return refuse('missing', 'The request is not signed.')
  const time = timeOf(request)
  const header = readSignatureHeader(String(authorization), time)
  if (typeof header === 'string') return refuse('incomplete', header, header)
  if (time === undefined || !TIME.test(time)) return refuse('incomplete', notBasic(time), notBasic(time))
  const { accessKeyId, scope, names, signature } = header
  const { credentials } = options
  if (!credentials)
    return refuse('unknown', 'This process has no credentials to check it with: AWS_ACCESS_KEY_ID is not set.')
  if (accessKeyId !== credentials.accessKeyId)
    return refuse('unknown', `It is signed by '${accessKeyId}', and only '${credentials.accessKeyId}' is known here.`)
  // Signed with the rest or added afterwards: services differ ("Create a signed AWS API request"), and of this one it is
  // not written. A variable that is set to nothing is none, and so it is for whoever signs.
  const token = request.headers['x-amz-security-token']
  if ((token || undefined) !== (credentials.sessionToken || undefined))
    return refuse('unknown', 'Its session token is not that of the credentials.')
  const problem = scopeProblem(scope, time, options) ?? timeProblem(time, options.now)
  if (problem) return refuse('invalid', problem, problem)
  if (!names.includes('host')) return refuse('invalid', HOST, HOST)
  const canonical = canonicalRequest(request, names)
  if (canonical === undefined) return refuse('invalid', 'It says to have signed a header that it does not have.')
  const wanted = signatureOf(credentials.secretAccessKey, scope, time, canonical)
  if (isSame(wanted, signature)) return undefined
  return refuse('invalid', `The canonical request is:\n${canonical}`)
}

const TIME = /^\d{8}T\d{6}Z$/
const HOST = "'Host' must be a 'SignedHeader' in the AWS Authorization."

const refuse = (kind: keyof typeof SIGNATURE, reason: string, message?: string): SignatureRefusal => {
  const { type, message: usual } = SIGNATURE[kind].value
  return { status: 403, type, message: message ?? usual, reason }
}

const isSame = (wanted: string, given: string) => {
  const [a, b] = [Buffer.from(wanted), Buffer.from(given)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** "If AWS cannot find a value for x-amz-date, it uses the date header" (Handling Dates in Signature Version 4). */
const timeOf = ({ headers: { 'x-amz-date': time, date } }: SignedRequest): string | undefined => {
  const given = time ?? date
  if (given === undefined) return undefined
  const at = time === undefined ? Date.parse(String(given)) : Number.NaN
  return Number.isNaN(at) ? String(given) : written(at)
}

const notBasic = (time: string | undefined) => `Date must be in ISO-8601 'basic format'. Got '${time}'.`

const scopeProblem = (scope: string, time: string, { region }: VerifyOptions): string | undefined => {
  const [date = '', where, service, end] = scope.split('/')
  if (end !== 'aws4_request')
    return `Credential should be scoped with a valid terminator: 'aws4_request', not '${end}'.`
  if (service !== 'execute-api') return "Credential should be scoped to correct service: 'execute-api'."
  if (region !== undefined && where !== region) return `Credential should be scoped to a valid region, not '${where}'.`
  const day = time.slice(0, 8)
  return date === day
    ? undefined
    : `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${day}', from '${time}'.`
}

const timeProblem = (time: string, now: number): string | undefined => {
  const at = Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))
  const skewMs = SIGNATURE_SKEW_MS
  if (at < now - skewMs)
    return `Signature expired: ${time} is now earlier than ${written(now - skewMs)} (${written(now)} - ${skewMs / 60_000} min.)`
  if (at > now + skewMs)
    return `Signature not yet current: ${time} is still later than ${written(now + skewMs)} (${written(now)} + ${skewMs / 60_000} min.)`
  return Number.isNaN(at) ? notBasic(time) : undefined
}

const written = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`

/** "Create a signed AWS API request", step 1; `undefined` where a signed header is not there. */
const canonicalRequest = ({ method, url, headers, body }: SignedRequest, names: readonly string[]) => {
  const at = url.indexOf('?')
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
  if (names.some((name) => headers[name] === undefined)) return undefined
  const lines = names.map((name) => `${name}:${trimmed(headers[name])}\n`).join('')
  return [method, canonicalPath(path), canonicalQuery(query), lines, names.join(';'), sha256(body)].join('\n')
}

const trimmed = (value: string | readonly string[] | undefined) => [value].flat().join(',').trim().replace(/ +/g, ' ')

const canonicalQuery = (query: string) =>
  // It takes one question mark away: this one, and none that is part of a name.
  [...new URLSearchParams(`?${query}`)]
    .map((pair) => pair.map(percentEncode))
    // By name, then by value. In `a=` and `a1=` the names decide, and not that `=` comes after `1`.
    .sort(([a = '', x = ''], [b = '', y = '']) => order(a, b) || order(x, y))
    .map((pair) => pair.join('='))
    .join('&')

/** By code point: everything here is ASCII. */
const order = (a: string, b: string) => Number(a > b) - Number(a < b)
