import { CONNECTIONS, RECORDED, RESPONSES, rule } from './rule.ts'

const REFERENCE =
  'https://docs.aws.amazon.com/apigatewaymanagementapi/latest/api-reference/connections-connectionid.html'
const SIGNING = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html'

/** Answers of `@connections`. SDKs take the class of an error from `x-amzn-ErrorType`. */
export const MANAGEMENT = {
  paths: rule(
    true,
    'documented',
    CONNECTIONS,
    'It is at `/{stage}/@connections/{id}`, or below the key of an API mapping; `@` and `%40`, `=` and `%3D` are the same.',
  ),
  posted: rule(
    { status: 200 },
    'observed',
    RECORDED,
    'POST is 200 with an empty body, and the client reads one text message.',
  ),
  info: rule({ status: 200 }, 'observed', RECORDED, 'GET is 200 with `identity`, `connectedAt` and `lastActiveAt`.'),
  deleted: rule({ status: 204 }, 'observed', RECORDED, 'DELETE is 204, and the connection is closed.'),
  accepted: rule(
    true,
    'inferred',
    'https://github.com/aws/aws-sdk-js-v3/issues/6896',
    'A post that is answered 200 was accepted; whether the client has it nobody says.',
    'the same, and with `chaos` some clients vanish unnoticed',
  ),
  notUtf8: rule(
    '\ufffd',
    'unknown',
    CONNECTIONS,
    'What the client reads of a body that is not UTF-8 is not known.',
    'U+FFFD in the place of what is none',
  ),
  gone: rule(
    { status: 410, type: 'GoneException' },
    'observed',
    RECORDED,
    'A connection that is gone, or never was, is 410 with an empty body.',
  ),
  early: rule(
    { status: 410 },
    'documented',
    'https://repost.aws/knowledge-center/410-gone-api-gateway',
    'So is one whose `$connect` still runs.',
  ),
  badId: rule(
    { status: 400, type: 'BadRequestException', message: 'Invalid connectionId: ' },
    'observed',
    RECORDED,
    'An id that could never be one is 400.',
    'not 15 characters of `A-Za-z0-9_-` and `=`',
  ),
  forbidden: rule(
    { status: 403, type: 'ForbiddenException', message: 'Forbidden' },
    'observed',
    'https://github.com/aws/aws-sdk-php/issues/1955',
    'A wrong stage or path is 403.',
  ),
  method: rule(
    403,
    'unknown',
    CONNECTIONS,
    'What answers another method than POST, GET and DELETE is not known.',
    '403, as for a wrong path',
  ),
  tooLarge: rule(
    { status: 413, type: 'PayloadTooLargeException', message: 'Message too long' },
    'documented',
    REFERENCE,
    'A body above 128 KB is 413.',
    'the sentence is ours',
  ),
  throttled: rule(
    { status: 429, type: 'LimitExceededException', message: 'Too Many Requests' },
    'documented',
    REFERENCE,
    'A call too many is 429.',
    'only with `requestsPerSecond`, or by `chaos`; the sentence is ours',
  ),
} as const

/** Answers to a call of `@connections` whose signature is not right, where `verifySignature` asks for one. */
export const SIGNATURE = {
  missing: rule(
    { type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' },
    'inferred',
    RESPONSES,
    'A call that is not signed is 403 `MissingAuthenticationTokenException`.',
    'only with `verifySignature`',
  ),
  incomplete: rule(
    { type: 'IncompleteSignatureException', message: 'Authorization header is not that of Signature Version 4.' },
    'inferred',
    SIGNING,
    'A signature that lacks a part is 403 `IncompleteSignatureException`.',
    'only with `verifySignature`',
  ),
  unknown: rule(
    { type: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' },
    'documented',
    SIGNING,
    'Keys that nobody knows are 403 `UnrecognizedClientException`.',
    'only with `verifySignature`',
  ),
  invalid: rule(
    {
      type: 'InvalidSignatureException',
      message:
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    },
    'documented',
    SIGNING,
    'A signature that does not match, or is older than 5 minutes, is 403 `InvalidSignatureException`.',
    'only with `verifySignature`',
  ),
} as const

/** How far the clock of a caller may be off: "within 5 minutes". */
export const SIGNATURE_SKEW_MS = 5 * 60_000

/** Every id in every capture. The service's own rule is not known. */
export const CONNECTION_ID = rule(
  /^[\w-]{15}=$/,
  'observed',
  RECORDED,
  'The id of a connection is 15 characters of `A-Za-z0-9_-` and `=`.',
)
