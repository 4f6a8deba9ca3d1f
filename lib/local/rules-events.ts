import { CAPTURES, GUIDE, QUOTAS, rule } from './rule.ts'

const FORMAT = `${GUIDE}/apigateway-websocket-api-integration-requests.html`
const SELECTION = `${GUIDE}/websocket-api-develop-routes.html`
const ROUTE_RESPONSE = `${GUIDE}/apigateway-websocket-api-route-response.html`
const LAMBDA_AUTH = `${GUIDE}/apigateway-websocket-api-lambda-auth.html`
const LIFECYCLE = `${GUIDE}/apigateway-websocket-api-route-keys-connect-disconnect.html`

/** What a function is given. */
export const EVENTS = {
  keys: rule(
    true,
    'observed',
    CAPTURES,
    'The three events have the keys of the captures of 2024, in their order, and no others.',
  ),
  headersOnConnectOnly: rule(true, 'documented', FORMAT, 'Headers and query are on the `$connect` event alone.'),
  headers: rule(
    true,
    'documented',
    FORMAT,
    'Headers are as the client wrote them, without `Connection`, `Upgrade` and `Content-Length`.',
  ),
  query: rule(true, 'observed', CAPTURES, 'Without a query there is no key for one.'),
  farewellHeaders: rule(true, 'observed', CAPTURES, '`$disconnect` has four headers, all but `Host` empty.'),
  userAgent: rule(true, 'documented', FORMAT, '`identity` has a `userAgent` where the client says one.'),
  stageVariables: rule(true, 'inferred', LAMBDA_AUTH, 'Stage variables are on the events where the stage has any.'),
  requestId: rule(
    true,
    'documented',
    `${GUIDE}/apigateway-websocket-api-mapping-template-reference.html`,
    '`requestId` and `extendedRequestId` are the same.',
  ),
  domainName: rule(
    true,
    'documented',
    `${GUIDE}/websocket-api-custom-domain-names.html`,
    '`domainName` is the host that the client used.',
    'with the port, so that a handler finds `@connections`; a `customDomain` has none',
  ),
  parallel: rule(
    true,
    'inferred',
    `${GUIDE}/apigateway-websocket-api-routes-integrations.html`,
    'Messages of one connection are handled at the same time, and in no order that is promised.',
  ),
  farewell: rule(
    true,
    'documented',
    LIFECYCLE,
    '`$disconnect` comes on a best-effort basis, and what it returns reaches nobody.',
    'once; lost, late or twice with `chaos`',
  ),
  notRetried: rule(
    true,
    'documented',
    'https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html',
    'A function that fails is not called again.',
  ),
} as const

/** Which function a message is for. */
export const ROUTES = {
  expression: rule(
    true,
    'documented',
    SELECTION,
    'The route is the value of the selection expression: a JSONPath below `$request.body`, templates in `$` and braces, static text, `\\$` for a dollar; results become text, an array `[a, b]`.',
  ),
  fallback: rule(true, 'documented', SELECTION, 'What is not JSON, or selects no route, goes to `$default`.'),
  empty: rule(
    '',
    'inferred',
    SELECTION,
    'What is not there, or is no object, selects no route.',
    'nor does `null`, of which nothing is known',
  ),
  emptyMessage: rule('$default', 'inferred', ROUTE_RESPONSE, 'An empty message goes to `$default`.'),
  twice: rule(
    'the last',
    'unknown',
    SELECTION,
    'Which one counts where a message has the same key twice is not known.',
    'the last, as in JavaScript',
  ),
  reserved: rule(
    '$',
    'documented',
    SELECTION,
    'The key of a route of your own does not begin with `$`.',
    'where it does, the gateway does not start',
  ),
  lifecycle: rule(
    true,
    'unknown',
    SELECTION,
    'Whether a message can select `$connect` or `$disconnect` is not known.',
    'it cannot',
  ),
} as const

/** Any other key makes a Lambda's answer malformed. */
export const ANSWER_KEYS = rule(
  ['statusCode', 'headers', 'multiValueHeaders', 'body', 'isBase64Encoded'],
  'observed',
  'https://github.com/middyjs/middy/issues/1219',
  'An answer has the keys `statusCode`, `headers`, `multiValueHeaders`, `body` and `isBase64Encoded`; with any other one it is malformed.',
)

/** What becomes of what a function returns. */
export const ANSWERS = {
  dropped: rule(
    true,
    'documented',
    ROUTE_RESPONSE,
    'What a function returns for a message reaches nobody, whatever the status.',
  ),
  routeResponse: rule(
    true,
    'documented',
    ROUTE_RESPONSE,
    'With a route response its `body` is sent, whatever the status.',
    'with `routeResponse`',
  ),
  failed: rule(
    true,
    'claimed',
    'https://github.com/architect/sandbox/commit/df15de7',
    'A status of 400 and above sends nothing; others say that it sends an error frame.',
    'it sends nothing',
  ),
  noBody: rule(true, 'inferred', ROUTE_RESPONSE, 'With a route response and no body nothing is sent.'),
  emptyBody: rule(
    '',
    'unknown',
    ROUTE_RESPONSE,
    'Whether a route response sends an empty body is not known.',
    'as an empty message',
  ),
  base64: rule(
    true,
    'unknown',
    ROUTE_RESPONSE,
    'What `isBase64Encoded` means to a route response is not known.',
    'nothing: the body is sent as it is',
  ),
  late: rule(true, 'inferred', QUOTAS, 'What a function returns after the integration timeout reaches nobody.'),
} as const

/** The Lambda authorizer of `$connect`. */
export const AUTHORIZER = {
  unauthorized: rule(
    401,
    'documented',
    LAMBDA_AUTH,
    "An authorizer that fails with exactly 'Unauthorized' makes the handshake 401.",
  ),
  missingSource: rule(
    401,
    'documented',
    LAMBDA_AUTH,
    'A missing or empty source of identity is 401, and the authorizer is not asked.',
  ),
  denied: rule(
    403,
    'observed',
    'https://github.com/aws-powertools/powertools-lambda-python/issues/5800',
    'A policy that denies the ARN of `$connect`, or says nothing of it, is 403; a Deny outweighs any Allow.',
    'conditions of a policy are not evaluated: in an Allow they never hold, in a Deny always',
  ),
  broken: rule(
    500,
    'claimed',
    'https://github.com/dherault/serverless-offline',
    'An authorizer that fails, or returns what is no policy, is 500.',
  ),
  timeout: rule(500, 'inferred', LAMBDA_AUTH, 'An authorizer that does not answer in time is 500.'),
  event: rule(
    true,
    'documented',
    LAMBDA_AUTH,
    'It is asked with what `$connect` is told, and with `type`, `methodArn` and the headers of the upgrade.',
  ),
  wildcards: rule(
    ['*', '?'],
    'documented',
    'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html',
    'In the resource of a policy `?` is one character, and `*` any number.',
  ),
  resultBytes: rule(8 * 1024, 'documented', QUOTAS, 'The result of an authorizer has 8 KB at most.', '500 above it'),
  contextAsText: rule(
    true,
    'unknown',
    `${GUIDE}/apigateway-websocket-api-mapping-template-reference.html`,
    'Numbers and booleans of its context are text in `$context`; of events nothing is known.',
    'text on every event',
  ),
  onEveryEvent: rule(
    true,
    'observed',
    'https://github.com/aws/chalice/pull/2060',
    'What it said is on every event of the connection.',
  ),
  cached: rule(
    false,
    'documented',
    'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigatewayv2-authorizer.html',
    'It is asked for each connection: nothing is cached.',
  ),
} as const

/** `route.request.querystring.token`, `route.request.header.Auth`, `context.NAME` or `stageVariables.NAME`. */
export const IDENTITY_SOURCE = /^(?:route\.request\.(?:querystring|header)|context|stageVariables)\.(?=.)/
