import type { CallReply } from '../aws/call.ts'

/** Why API Gateway answered 403, and what to do. */
export const refusal = (method: string, endpoint: string, reply: CallReply): string => {
  const said = complaintOf(reply).join(': ')
  return adviceOn(method, endpoint, said) + (said && ` (${said})`)
}

const adviceOn = (method: string, endpoint: string, said: string): string => {
  const isDenied = /AccessDenied|not authorized to perform/.test(said) && !MISPLACED.test(said)
  const [, policy] = /explicit deny in an? ([\w -]*(?:policy|boundary))/i.exec(said) ?? []
  if (isDenied && policy)
    return `The caller's role is denied execute-api:ManageConnections, and no permission outweighs that. Change the ${policy}`
  if (isDenied)
    return `The caller's role lacks a permission. Allow execute-api:ManageConnections on ${grantOf(method, said)}`
  if (/Missing ?Authentication ?Token/i.test(said))
    return `API Gateway saw no signature. Check that it is a WebSocket API, and that nothing on the way to ${endpoint} drops the Authorization header`
  const [, complaint] = COMPLAINTS.find(([words]) => words.test(said)) ?? []
  if (complaint) return `API Gateway does not accept the signature. ${complaint(endpoint)}`
  return `The path or the stage of ${endpoint} is wrong. It is https://{api}.execute-api.{region}.amazonaws.com/{stage}; on a custom domain {stage} is the key of the API mapping`
}

/**
 * `…/prod/POST/prod/@connections/…` and `…/POST/@connections/@connections/…`: the endpoint has something too many, and
 * a permission for it would not help.
 */
const MISPLACED = /on resource: \S+\/(?:POST|GET|DELETE)\/(?!@connections(?!\/@connections))/

/** What AWS says of a signature, the particular before the general, and what to do. */
const COMPLAINTS: readonly (readonly [words: RegExp, advice: (endpoint: string) => string])[] = [
  [
    /ExpiredToken|security token included in the request is expired/i,
    () => 'The session token of the credentials has expired. Get new ones, as by signing in again',
  ],
  [
    /UnrecognizedClient|security token included in the request is invalid/i,
    () =>
      'AWS does not know the keys. Check AWS_ACCESS_KEY_ID, and that AWS_SESSION_TOKEN is of the same set or not set',
  ],
  [
    /Signature expired|Signature not yet current/i,
    (endpoint) =>
      `Check the clock of this machine, and that nothing on the way to ${endpoint} holds requests for minutes`,
  ],
  [
    /IncompleteSignature|in Authorization header|Authorization header requires/i,
    (endpoint) => `Check that nothing on the way to ${endpoint} puts another Authorization header in its place`,
  ],
  [
    /signature|'SignedHeader'|security token|scoped |Credential scope/i,
    (endpoint) =>
      `Check the credentials, their region and the clock, and that nothing on the way to ${endpoint} rewrites host or path`,
  ],
]

/** The resource of the missing permission, for every connection. AWS masks the account in its message: any account. */
const grantOf = (method: string, said: string) => {
  const [, resource = `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/${method}/@connections/`] =
    /on resource: (\S+)/.exec(said) ?? []
  return resource.replace(/@connections.*/, '@connections/*').replace(/:[^:]*\*[^:]*:/, ':*:')
}

/** What an answer says of itself: the type in its header, the message in its body, each where there is one. */
export const complaintOf = ({ headers, body }: CallReply): string[] => {
  const type = String(headers['x-amzn-errortype'] ?? '').replace(/:.*/, '')
  return [type, messageOf(body)].filter((word) => word !== '')
}

const messageOf = (body: string): string => {
  try {
    // IAM writes `Message`, API Gateway `message`.
    const { message, Message }: { message?: unknown; Message?: unknown } = JSON.parse(body) ?? {}
    return String(message ?? Message ?? '')
  } catch {
    return ''
  }
}
