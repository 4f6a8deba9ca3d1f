import { subprotocolsOf } from '../event/handshake.ts'

/** What a handshake has shown: what `onConnect` is given, and the handler of an `authorizer()`. */
export interface Shown {
  readonly query?: URLSearchParams
  /** What the client offered, in its order. */
  readonly subprotocols?: readonly string[]
  /** Read where `subprotocols` is absent. */
  readonly headers?: Pick<Headers, 'get'>
}

export interface TokenPlaces {
  /** The name of the query's parameter; `false`: not from there. A URL is written into more logs than a header. @default 'token' */
  readonly query?: string | false
  /** Whether it may come as a subprotocol: `bearer.` and the token in base64url. @default true */
  readonly subprotocol?: boolean
}

/**
 * The token that a handshake has shown, for an `authorizer()`: from the subprotocol `bearer.<base64url>`, or the query.
 *
 * ```ts
 * export const auth = authorizer(async (asked) => {
 *   const user = await verify(tokenOf(asked))
 *   return user ? asked.allow(user.id) : asked.unauthorized()
 * })
 * ```
 *
 * `undefined` where there is none, where it is malformed or has more than 8 KB, and where there are two that differ.
 */
export const tokenOf = (shown: Shown, places?: TokenPlaces): string | undefined => find(shown, places).token

/** A token; or what is wrong with what was shown; or neither, where nothing was. */
export interface Found {
  readonly token?: string
  readonly flaw?: string
}

export const find = (
  { query, headers, subprotocols }: Shown,
  { query: name = 'token', subprotocol = true }: TokenPlaces = {},
): Found => {
  const offers = subprotocol ? (subprotocols ?? offersIn(headers)).filter((offer) => offer.startsWith(PREFIX)) : []
  const told = offers.map((offer) => decoded(offer.slice(PREFIX.length)))
  if (told.includes(undefined)) return { flaw: 'The subprotocol bearer.… carries the token in base64url, as UTF-8.' }
  const asked = name === false ? [] : (query?.getAll(name) ?? []).filter((value) => value !== '')
  const [token, ...others] = new Set([...told, ...asked])
  if (token === undefined) return {}
  // One of them would be checked, and whoever stands in front of this may have checked the other.
  if (others.length > 0) return { flaw: 'There are two tokens. Send one.' }
  return isLong(token) ? { flaw: TOO_LONG } : { token }
}

export const isLong = (token: string): boolean => Buffer.byteLength(token) > MAX_TOKEN_BYTES
export const TOO_LONG = 'A token has 8 KB at most.'

/** The event is not at hand, and its reader wants one. */
const offersIn = (headers: Shown['headers']): readonly string[] => {
  const offered = headers?.get(NAME)
  return offered ? subprotocolsOf({ headers: { [NAME]: offered }, multiValueHeaders: { [NAME]: [offered] } }) : []
}

/** `undefined` for what is not base64url, or no text: Buffer skips what it does not know, so it is written again. */
const decoded = (text: string): string | undefined => {
  const bytes = Buffer.from(text, 'base64url')
  if (text === '' || bytes.toString('base64url') !== text) return undefined
  const token = bytes.toString()
  return Buffer.from(token).equals(bytes) ? token : undefined
}

const NAME = 'Sec-WebSocket-Protocol'
const PREFIX = 'bearer.'

/** As the result of an authorizer (API Gateway quotas). All headers of a handshake have 10,240 bytes together. */
const MAX_TOKEN_BYTES = 8 * 1024
