/**
 * What API Gateway does, as data: each limit, status and frame that the local gateway obeys, with where it is written
 * and how sure it is. Nothing here was measured against AWS by this project.
 */
export interface Rule<Value> {
  readonly value: Value
  /** A page of AWS, or a public thread or capture. */
  readonly source: string
  readonly confidence: Confidence
}

/**
 * `documented` by AWS; `observed` in a capture or transcript that somebody published; `claimed` without one; `inferred`
 * from those; `unknown` where nothing was found and something had to be chosen; `ours` where there is no rule of AWS.
 */
export type Confidence = 'documented' | 'observed' | 'claimed' | 'inferred' | 'unknown' | 'ours'

const rule = <const Value>(value: Value, confidence: Confidence, source: string): Rule<Value> => ({
  value,
  source,
  confidence,
})

const GUIDE = 'https://docs.aws.amazon.com/apigateway/latest/developerguide'
const QUOTAS = `${GUIDE}/apigateway-execution-service-websocket-limits-table.html`
const CLOSE_CODES = `${GUIDE}/apigateway-websocket-api-overview.html`
const CONNECTIONS = `${GUIDE}/apigateway-how-to-call-websocket-api-connections.html`
const LIFECYCLE = `${GUIDE}/apigateway-websocket-api-route-keys-connect-disconnect.html`
const RECORDED = 'https://github.com/brefphp/bref/tree/master/tests/Websocket/Samples'

/** Sizes and times. Whether 32 KB includes its boundary is not documented; here it does, with KB as 1024 bytes. */
export const LIMITS = {
  frameBytes: rule(32 * 1024, 'documented', QUOTAS),
  messageBytes: rule(128 * 1024, 'documented', QUOTAS),
  idleMs: rule(10 * 60_000, 'documented', QUOTAS),
  maxAgeMs: rule(2 * 60 * 60_000, 'documented', QUOTAS),
  /** What is counted is not documented. Here it is all that the client wrote, from `ws://` to the end of the query. */
  urlCharacters: rule(4_096, 'documented', QUOTAS),
  integrationTimeoutMs: rule(29_000, 'documented', QUOTAS),
  /** New connections in a second, of the whole account in a region. Off unless asked for. */
  connectsPerSecond: rule(500, 'documented', QUOTAS),
  /** Messages and calls of `@connections` in a second, shared with the account's other APIs. Off unless asked for. */
  requestsPerSecond: rule(10_000, 'documented', `${GUIDE}/limits.html`),
  requestsBurst: rule(5_000, 'documented', `${GUIDE}/limits.html`),
  /** AWS knows it from the function's configuration; 30 s is what most WebSocket functions are given. */
  lambdaTimeoutMs: rule(30_000, 'ours', 'the timeout of the deployed function'),
  /** How long `close()` waits for handlers that still run, and then for peers that do not answer. */
  drainMs: rule(5_000, 'ours', 'no counterpart'),
  /** How long it waits before it says what for. */
  drainNoticeMs: rule(1_000, 'ours', 'no counterpart'),
} as const

/** How the gateway ends a connection: what the client reads, and what `$disconnect` reads. */
export const CLOSES = {
  idle: rule([1001, 'Going away'], 'observed', CLOSE_CODES),
  maxAge: rule([1001, 'Going away'], 'inferred', CLOSE_CODES),
  deleted: rule([1000, 'Connection Closed Normally'], 'observed', 'https://github.com/aws/chalice/pull/2060'),
  binary: rule([1003, ''], 'documented', `${GUIDE}/websocket-api-develop-binary-media-types.html`),
  tooBig: rule([1009, ''], 'documented', CLOSE_CODES),
  lost: rule([1006, ''], 'documented', CLOSE_CODES),
  /** The gateway itself stops. AWS does the same for maintenance. */
  stopped: rule([1001, 'Going away'], 'claimed', 'https://medium.com/@lancers/317b7021456f'),
} as const

export type Close = (typeof CLOSES)[keyof typeof CLOSES]

/** Status of the HTTP upgrade where the Lambda did not choose one. The bodies of refusals are not documented. */
export const HANDSHAKE = {
  broken: rule(502, 'observed', 'https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html'),
  timeout: rule(
    504,
    'inferred',
    'https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html',
  ),
  unknownPath: rule(403, 'inferred', CONNECTIONS),
  /** The quota is documented; how it is enforced is not. RFC 9110, section 15.5.15, has this status for it. */
  urlTooLong: rule(414, 'unknown', QUOTAS),
  /** More new connections in a second than the account may have. */
  throttled: rule(429, 'observed', 'https://github.com/serverlessunicorn/ServerlessNetworkingClients/issues/3'),
  noUpgrade: rule(426, 'claimed', 'https://github.com/dherault/serverless-offline'),
  subprotocolOnlyFromLambda: rule(true, 'documented', `${GUIDE}/websocket-connect-route-subprotocol.html`),
  openWithoutConnectRoute: rule(true, 'documented', LIFECYCLE),
  compression: rule(false, 'unknown', 'no capture shows an extension in the answer'),
} as const

/** What the client reads when its message has no good answer. The connection stays open. */
export const ERROR_FRAMES = {
  broken: rule(
    'Internal server error',
    'observed',
    'https://github.com/aws-samples/simple-websockets-chat-app/issues/42',
  ),
  timeout: rule('Endpoint request timed out', 'observed', 'https://github.com/aws/chalice/issues/1406'),
  /** The quota is documented, and how a client hears of it is not. */
  throttled: rule('Too Many Requests', 'unknown', QUOTAS),
  noRoute: rule('Forbidden', 'observed', 'https://github.com/aws-samples/simple-websockets-chat-app/issues/24'),
} as const

/** The bytes are those of the captures, spaces included: clients compare the beginning of the frame. */
export const errorFrame = (frame: keyof typeof ERROR_FRAMES, connectionId: string, requestId: string): string =>
  `{"message": "${ERROR_FRAMES[frame].value}", "connectionId":"${connectionId}", "requestId":"${requestId}"}`

/** Any other key makes a Lambda's answer malformed. */
export const ANSWER_KEYS = rule(
  ['statusCode', 'headers', 'multiValueHeaders', 'body', 'isBase64Encoded'],
  'observed',
  'https://github.com/middyjs/middy/issues/1219',
)

/** Answers of `@connections`. SDKs take the class of an error from `x-amzn-ErrorType`. */
export const MANAGEMENT = {
  posted: rule({ status: 200 }, 'observed', RECORDED),
  info: rule({ status: 200 }, 'observed', RECORDED),
  deleted: rule({ status: 204 }, 'observed', RECORDED),
  gone: rule({ status: 410, type: 'GoneException' }, 'observed', RECORDED),
  badId: rule({ status: 400, type: 'BadRequestException', message: 'Invalid connectionId: ' }, 'observed', RECORDED),
  forbidden: rule(
    { status: 403, type: 'ForbiddenException', message: 'Forbidden' },
    'observed',
    'https://github.com/aws/aws-sdk-php/issues/1955',
  ),
  /** The status and the class are in the SDK's model; the sentence is not known. */
  throttled: rule(
    { status: 429, type: 'LimitExceededException', message: 'Too Many Requests' },
    'documented',
    'https://docs.aws.amazon.com/apigatewaymanagementapi/latest/api-reference/connections-connectionid.html',
  ),
  /** The status and the class are in the SDK's model; the sentence is not known. */
  tooLarge: rule(
    { status: 413, type: 'PayloadTooLargeException', message: 'Message too long' },
    'documented',
    'https://docs.aws.amazon.com/apigatewaymanagementapi/latest/api-reference/connections-connectionid.html',
  ),
} as const

const SIGNING = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html'

/** Answers to a call of `@connections` whose signature is not right, where `verifySignature` asks for one. */
export const SIGNATURE = {
  missing: rule(
    { type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' },
    'inferred',
    'https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html',
  ),
  incomplete: rule(
    { type: 'IncompleteSignatureException', message: 'Authorization header is not that of Signature Version 4.' },
    'inferred',
    SIGNING,
  ),
  unknown: rule(
    { type: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' },
    'documented',
    SIGNING,
  ),
  invalid: rule(
    {
      type: 'InvalidSignatureException',
      message:
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    },
    'documented',
    SIGNING,
  ),
} as const

/** How far the clock of a caller may be off: "within 5 minutes". */
export const SIGNATURE_SKEW_MS = rule(5 * 60_000, 'documented', SIGNING)

/** Every id in every capture. The service's own rule is not known. */
export const CONNECTION_ID = rule(/^[\w-]{15}=$/, 'observed', RECORDED)

/** `route.request.querystring.token`, `route.request.header.Auth`, `context.NAME` or `stageVariables.NAME`. */
export const IDENTITY_SOURCE = /^(?:route\.request\.(?:querystring|header)|context|stageVariables)\.(?=.)/
