import type { ConnectEvent } from './event.ts'

/** What the handshake is read from: the event of `$connect`, or that of its authorizer. */
type Asked = Pick<ConnectEvent, 'headers' | 'multiValueHeaders'> &
  Pick<ConnectEvent, 'queryStringParameters' | 'multiValueQueryStringParameters'>

/** The query string of a handshake, repeated parameters and all. */
export const queryOf = (event: Asked): URLSearchParams =>
  new URLSearchParams(pairs(event.multiValueQueryStringParameters, event.queryStringParameters))

/** The headers of a handshake. The global `Headers` costs a cold start tens of milliseconds, so ask for it late. */
export const headersOf = (event: Asked): Headers => new Headers(pairs(event.multiValueHeaders, event.headers))

/** What the client offered in `Sec-WebSocket-Protocol`, in its order. Browsers put a space behind each comma. */
export const subprotocolsOf = (event: Asked): readonly string[] =>
  pairs(event.multiValueHeaders, event.headers)
    .filter(([name]) => name.toLowerCase() === 'sec-websocket-protocol')
    .flatMap(([, value]) => value.split(','))
    .map((offer) => offer.trim())
    .filter((offer) => offer !== '')

type Many = Readonly<Record<string, readonly string[]>> | null | undefined
type Single = Readonly<Record<string, string>> | null | undefined

// Older events and hand-made ones lack the multi-value twin.
const pairs = (many: Many, single: Single): [string, string][] =>
  many
    ? Object.entries(many).flatMap(([name, values]) => values.map((value): [string, string] => [name, value]))
    : Object.entries(single ?? {})
