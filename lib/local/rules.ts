import { CONNECTIONS, GUIDE, QUOTAS, RESPONSES, rule } from './rule.ts'

const CLOSE_CODES = `${GUIDE}/apigateway-websocket-api-overview.html`
const LIFECYCLE = `${GUIDE}/apigateway-websocket-api-route-keys-connect-disconnect.html`
const SUBPROTOCOL = `${GUIDE}/websocket-connect-route-subprotocol.html`
const LIMITS_PAGE = `${GUIDE}/limits.html`

/** Sizes and times. */
export const LIMITS = {
  frameBytes: rule(
    32 * 1024,
    'documented',
    QUOTAS,
    'A frame has 32 KB at most.',
    'KB is 1024 bytes, the boundary included: neither is documented',
  ),
  messageBytes: rule(128 * 1024, 'documented', QUOTAS, 'A message has 128 KB at most, in however many frames.'),
  idleMs: rule(
    10 * 60_000,
    'documented',
    QUOTAS,
    'A connection without a message for 10 minutes is closed.',
    'in either direction, as users say; pings do not count, which is not known',
  ),
  maxAgeMs: rule(2 * 60 * 60_000, 'documented', QUOTAS, 'A connection of 2 hours is closed.'),
  urlCharacters: rule(
    4_096,
    'documented',
    QUOTAS,
    'A URL has 4,096 characters at most.',
    'counted from `ws://` to the end of the query; 414 above it',
  ),
  stageCharacters: rule(
    128,
    'documented',
    QUOTAS,
    'The name of a stage has 128 characters at most: letters, digits, `_` and `-`.',
  ),
  mappingKeyCharacters: rule(300, 'documented', QUOTAS, 'The key of an API mapping has 300 characters at most.'),
  integrationTimeoutMs: rule(29_000, 'documented', QUOTAS, 'A function has 29 s to answer. It runs on afterwards.'),
  connectsPerSecond: rule(
    500,
    'documented',
    QUOTAS,
    'An account may have 500 new connections in a second.',
    'only with `connectsPerSecond`',
  ),
  requestsPerSecond: rule(
    10_000,
    'documented',
    LIMITS_PAGE,
    'An account may have 10,000 requests in a second, messages and calls of `@connections` together.',
    'only with `requestsPerSecond`',
  ),
  requestsBurst: rule(
    5_000,
    'documented',
    LIMITS_PAGE,
    'Of these it may have 5,000 at once.',
    'in proportion to `requestsPerSecond`',
  ),
  unreadBytes: rule(
    16 * 1024 * 1024,
    'ours',
    'no counterpart',
    'What becomes of a client that never reads is not known.',
    'with 16 MB on their way to it, it is lost',
  ),
  lambdaTimeoutMs: rule(
    30_000,
    'ours',
    'no counterpart',
    'A function has the timeout that it was deployed with.',
    '30 s, or `lambdaTimeoutMs`',
  ),
  drainMs: rule(5_000, 'ours', 'no counterpart', '', '`close()` waits 5 s at most for handlers and clients'),
  drainNoticeMs: rule(1_000, 'ours', 'no counterpart', '', 'after 1 s it says for whom it waits'),
} as const

/** How the gateway ends a connection: what the client reads, and what `$disconnect` reads. */
export const CLOSES = {
  idle: rule([1001, 'Going away'], 'observed', CLOSE_CODES, 'The idle timeout closes with 1001 "Going away".'),
  maxAge: rule([1001, 'Going away'], 'inferred', CLOSE_CODES, 'The 2 hours close with 1001 "Going away".'),
  deleted: rule(
    [1000, 'Connection Closed Normally'],
    'observed',
    'https://github.com/aws/chalice/pull/2060',
    'DELETE closes with 1000 "Connection Closed Normally".',
  ),
  binary: rule(
    [1003, ''],
    'documented',
    `${GUIDE}/websocket-api-develop-binary-media-types.html`,
    'A binary frame closes with 1003.',
  ),
  tooBig: rule([1009, ''], 'documented', CLOSE_CODES, 'A frame or a message that is too big closes with 1009.'),
  tooMany: rule(
    [1008, ''],
    'documented',
    CLOSE_CODES,
    'Too many requests from one client close with 1008.',
    'only with `messagesPerSecond`; when AWS does it is not known',
  ),
  lost: rule(
    [1006, ''],
    'documented',
    CLOSE_CODES,
    'A connection that breaks off without a close frame is 1006 to `$disconnect`.',
  ),
  noCode: rule(
    [1005, 'Client-side close frame status not set'],
    'documented',
    CLOSE_CODES,
    'A close frame without a code is 1005 "Client-side close frame status not set" to `$disconnect`.',
  ),
  stopped: rule(
    [1001, 'Going away'],
    'claimed',
    'https://medium.com/@lancers/317b7021456f',
    'Maintenance of the service closes with 1001 "Going away".',
    'the same when the gateway stops',
  ),
} as const

export type Close = Pick<(typeof CLOSES)[keyof typeof CLOSES], 'value'>

/** The HTTP upgrade. */
export const HANDSHAKE = {
  status: rule(
    true,
    'observed',
    `${GUIDE}/websocket-connect-route-subprotocol.html`,
    'A status of 2xx from `$connect` opens the connection; 3xx, 4xx and 5xx are the status of the handshake. The upgrade waits for it.',
  ),
  broken: rule(
    502,
    'observed',
    'https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html',
    'A `$connect` that throws, or whose answer is malformed, is 502.',
  ),
  timeout: rule(504, 'inferred', RESPONSES, 'A `$connect` that takes longer than the integration timeout is 504.'),
  unknownPath: rule(403, 'inferred', CONNECTIONS, 'An unknown stage or path is 403 `{"message":"Forbidden"}`.'),
  urlTooLong: rule(
    414,
    'unknown',
    QUOTAS,
    'What answers a URL that is too long is not known.',
    '414 (RFC 9110, section 15.5.15)',
  ),
  throttled: rule(
    429,
    'observed',
    'https://github.com/serverlessunicorn/ServerlessNetworkingClients/issues/3',
    'More new connections than the quota are 429.',
    'only with `connectsPerSecond`',
  ),
  noUpgrade: rule(426, 'claimed', 'https://github.com/dherault/serverless-offline', 'A plain GET is 426.'),
  malformed: rule(
    400,
    'unknown',
    'https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1',
    'What answers an upgrade that breaks the protocol is not known.',
    '400; 405 for another method than GET, 431 for more than 16 KB of headers',
  ),
  body: rule(
    true,
    'unknown',
    LIFECYCLE,
    'What is in the body of a refusal is not known.',
    'nothing of what `$connect` returned; `{"message":…}` where the gateway itself refuses',
  ),
  subprotocolOnlyFromLambda: rule(
    true,
    'documented',
    SUBPROTOCOL,
    'The subprotocol is the one that `$connect` returns; none is picked.',
  ),
  otherHeadersDropped: rule(
    true,
    'unknown',
    SUBPROTOCOL,
    'Whether other headers of `$connect` reach the client is not documented.',
    'they do not',
  ),
  openWithoutConnectRoute: rule(true, 'documented', LIFECYCLE, 'Without a `$connect` route every client is let in.'),
  noFarewellForRefused: rule(true, 'inferred', LIFECYCLE, 'A client that was refused has no `$disconnect`.'),
  compression: rule(false, 'unknown', GUIDE, 'No capture shows that compression is negotiated.', 'it is not'),
} as const

/** What the client reads when its message has no good answer. The connection stays open. */
export const ERROR_FRAMES = {
  broken: rule(
    'Internal server error',
    'observed',
    'https://github.com/aws-samples/simple-websockets-chat-app/issues/42',
    'A message whose function throws, or answers what is malformed, is answered by an error frame, "Internal server error", to the byte; the connection stays open.',
  ),
  timeout: rule(
    'Endpoint request timed out',
    'observed',
    'https://github.com/aws/chalice/issues/1406',
    'The same, "Endpoint request timed out", after the integration timeout.',
  ),
  noRoute: rule(
    'Forbidden',
    'observed',
    'https://github.com/aws-samples/simple-websockets-chat-app/issues/24',
    'The same, "Forbidden", where there is neither its route nor `$default`; no function runs.',
  ),
  throttled: rule(
    'Too Many Requests',
    'unknown',
    QUOTAS,
    'How a client hears that its message is one too many is not known.',
    'an error frame, "Too Many Requests"',
  ),
} as const

/** The bytes are those of the captures, spaces included: clients compare the beginning of the frame. */
export const errorFrame = (frame: keyof typeof ERROR_FRAMES, connectionId: string, requestId: string): string =>
  `{"message": "${ERROR_FRAMES[frame].value}", "connectionId":"${connectionId}", "requestId":"${requestId}"}`
