import type { ConnectEvent, DisconnectEvent, MessageEvent, RequestContext } from './event.ts'

/** What the events of one connection share. Every field has a default that looks like AWS. */
export interface Peer {
  readonly connectionId?: string
  readonly connectedAt?: number
  readonly stage?: string
  readonly apiId?: string
  readonly domainName?: string
  readonly sourceIp?: string
  readonly userAgent?: string
  readonly authorizer?: Readonly<Record<string, unknown>>
  readonly stageVariables?: Readonly<Record<string, string>>
  /** Epoch milliseconds at which the request arrives. @default Date.now() */
  readonly now?: number
  /** The shape of every id: 15 URL-safe characters and `=`. @default a random one */
  readonly requestId?: string
}

export interface Handshake extends Peer {
  /** As the client sends them; AWS keeps their case. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** `?room=lobby`, or `room=lobby`. */
  readonly query?: string
}

export interface Frame extends Peer {
  /** A string as it came; anything else is sent as JSON. */
  readonly body?: unknown
  /** @default '$default' */
  readonly routeKey?: string
  readonly messageId?: string
  readonly isBase64Encoded?: boolean
}

export interface Farewell extends Peer {
  /** @default 1005 */
  readonly code?: number
  /** @default what API Gateway says for a close frame without a code */
  readonly reason?: string
}

/**
 * The event of a handshake, key for key and in the order in which AWS sends it.
 *
 * ```ts
 * await handler(connectEvent({ query: '?name=ann', headers: { Origin: 'https://app.example.com' } }), context)
 * ```
 */
export const connectEvent = ({ headers = {}, query = '', ...peer }: Handshake = {}): ConnectEvent => {
  const domainName = peer.domainName ?? DOMAIN
  const all = { Host: domainName, ...headers, ...forwarded(peer) }
  const parameters = [...new URLSearchParams(query)]
  const [, userAgent] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'user-agent') ?? []
  const known = userAgent === undefined ? peer : { userAgent: String(userAgent), ...peer }
  return {
    headers: fold(Object.entries(all).flatMap(([name, value]) => list(value).map((one) => [name, one] as const))),
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, list(value)])),
    ...(parameters.length > 0 && {
      queryStringParameters: fold(parameters),
      multiValueQueryStringParameters: gather(parameters),
    }),
    ...variables(peer),
    requestContext: requestContext(known, 'CONNECT', '$connect'),
    isBase64Encoded: false,
  }
}

/**
 * The event of a message.
 *
 * ```ts
 * await handler(messageEvent({ connectionId, body: { action: 'join', data: { room: 'lobby' } } }), context)
 * ```
 */
export const messageEvent = (frame: Frame = {}): MessageEvent => {
  const { body = '', routeKey = '$default', isBase64Encoded = false, messageId = makeId() } = frame
  const event = {
    requestContext: requestContext(frame, 'MESSAGE', routeKey, { messageId }),
    body: typeof body === 'string' ? body : JSON.stringify(body),
    isBase64Encoded,
  }
  return frame.stageVariables ? { stageVariables: frame.stageVariables, ...event } : event
}

/** The event of a closed connection. */
export const disconnectEvent = ({ code = 1005, reason, ...peer }: Farewell = {}): DisconnectEvent => {
  const headers = { Host: peer.domainName ?? DOMAIN, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' }
  return {
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ...variables(peer),
    requestContext: requestContext(
      peer,
      'DISCONNECT',
      '$disconnect',
      { disconnectStatusCode: code },
      { disconnectReason: reason ?? (code === 1005 ? 'Client-side close frame status not set' : '') },
    ),
    isBase64Encoded: false,
  }
}

/** An id as API Gateway writes them: 15 characters of URL-safe Base64 and one `=`. */
export const makeId = (random: () => number = Math.random): string => {
  let id = ''
  for (let part = 0; part < 3; part++) {
    // Five characters of six bits out of one number.
    let bits = Math.floor(random() * 2 ** 30)
    for (let index = 0; index < 5; index++, bits >>>= 6) id += ALPHABET.charAt(bits & 63)
  }
  return `${id}=`
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const API = 'abcd1234ef'
const DOMAIN = `${API}.execute-api.eu-west-1.amazonaws.com`
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

// The order of the keys is that of the captures: some users log the event as it is and compare.
const requestContext = <Type extends RequestContext['eventType'], Early extends object, Late extends object>(
  peer: Peer,
  eventType: Type,
  routeKey: string,
  early?: Early,
  late?: Late,
) => {
  const now = peer.now ?? Date.now()
  const requestId = peer.requestId ?? makeId()
  const { authorizer, userAgent, sourceIp = '203.0.113.7' } = peer
  const middle = {
    eventType,
    extendedRequestId: requestId,
    requestTime: requestTime(now),
    messageDirection: 'IN' as const,
  }
  const end = {
    stage: peer.stage ?? 'prod',
    connectedAt: peer.connectedAt ?? now,
    requestTimeEpoch: now,
    identity: userAgent === undefined ? { sourceIp } : { userAgent, sourceIp },
    requestId,
    domainName: peer.domainName ?? DOMAIN,
    connectionId: peer.connectionId ?? makeId(),
    apiId: peer.apiId ?? API,
  }
  // V8 takes half a microsecond for each key that is written out behind a spread, so there is none.
  return { routeKey, ...(early as Early), ...(authorizer && { authorizer }), ...middle, ...(late as Late), ...end }
}

const variables = ({ stageVariables }: Peer) => (stageVariables ? { stageVariables } : undefined)

const forwarded = ({ sourceIp = '203.0.113.7' }: Peer) => ({
  'X-Amzn-Trace-Id': 'Root=1-65d2ff2e-718990494fd688f062bf1571',
  'X-Forwarded-For': sourceIp,
  'X-Forwarded-Port': '443',
  'X-Forwarded-Proto': 'https',
})

const list = (value: string | readonly string[]) => (typeof value === 'string' ? [value] : value)

// A repeated header or parameter keeps its last value in the single-value map.
const fold = (pairs: Iterable<readonly [string, string]>): Record<string, string> => Object.fromEntries(pairs)

const gather = (pairs: readonly (readonly [string, string])[]) => {
  // Not an object: a client may well send `?constructor=1`.
  const all = new Map<string, string[]>()
  for (const [name, value] of pairs) all.set(name, [...(all.get(name) ?? []), value])
  return Object.fromEntries(all)
}

const two = (value: number) => String(value).padStart(2, '0')

let second = Number.NaN
let written = ''
/** Many requests fall into one second, and to write a date costs as much as the rest of an event. */
const requestTime = (now: number): string => {
  const wanted = Math.floor(now / 1_000)
  if (wanted !== second) written = clfOf(new Date(now))
  second = wanted
  return written
}

const clfOf = (at: Date) => {
  const day = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`
  return `${day}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`
}
