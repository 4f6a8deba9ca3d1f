import type { CallReply } from '../aws/call.ts'

/** Why API Gateway answered 403, and what to do. */
export const refusal = (method: string, endpoint: string, reply: CallReply): string => {
  const said = complaintOf(reply).join(': ')
  return adviceOn(method, endpoint, said) + (said && ` (${said})`)
}

const adviceOn = (method: string, endpoint: string, said: string): string => {
  // `…/prod/POST/prod/@connections/…`: the endpoint has a stage too many, and a permission for it would not help.
  const isDoubled = /on resource: \S+\/(POST|GET|DELETE)\/(?!@connections)/.test(said)
  if (/AccessDenied|not authorized to perform/.test(said) && !isDoubled)
    return `The caller's role lacks a permission. Allow execute-api:ManageConnections on ${grantOf(method, said)}`
  if (/Missing ?Authentication ?Token/i.test(said))
    return `API Gateway saw no signature. Check that it is a WebSocket API, and that nothing on the way to ${endpoint} drops the Authorization header`
  if (/signature|security token|scoped to|ExpiredToken|UnrecognizedClient/i.test(said))
    return `API Gateway does not accept the signature. Check the credentials, their region and the clock, and that nothing on the way to ${endpoint} rewrites host or path`
  return `The path or the stage of ${endpoint} is wrong. It is https://{api}.execute-api.{region}.amazonaws.com/{stage}; on a custom domain {stage} is the key of the API mapping`
}

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
