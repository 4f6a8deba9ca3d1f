import type { ConnectEvent } from './event.ts'
import { connectEvent, type Handshake } from './make.ts'

/**
 * What API Gateway asks a Lambda authorizer before `$connect`, the only route that can have one. The developer guide
 * has a sample under "Control access to WebSocket APIs with AWS Lambda REQUEST authorizers".
 */
export interface AuthorizerEvent {
  readonly type: 'REQUEST'
  /** The call that is to be allowed: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/$connect`. */
  readonly methodArn: string
  /** As the client sent them, with `Connection`, `content-length` and `Upgrade`, which `$connect` does not see. */
  readonly headers: Readonly<Record<string, string>>
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>
  /** Absent without a query string. */
  readonly queryStringParameters?: Readonly<Record<string, string>> | null
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>> | null
  /** Empty where the stage has none. */
  readonly stageVariables?: Readonly<Record<string, string>> | null
  /** That of `$connect`, with the id of the connection to be. */
  readonly requestContext: ConnectEvent['requestContext']
}

export interface AuthorizerRequest extends Omit<Handshake, 'authorizer'> {
  /** @default 'eu-west-1' */
  readonly region?: string
  /** @default '123456789012' */
  readonly accountId?: string
}

/**
 * The event of a Lambda authorizer, key for key and in the order of AWS's own sample.
 *
 * ```ts
 * await auth(authorizerEvent({ query: '?token=let-me-in' }))
 * ```
 */
export const authorizerEvent = ({
  region = 'eu-west-1',
  accountId = '123456789012',
  ...handshake
}: AuthorizerRequest = {}): AuthorizerEvent => {
  const { stageVariables = {}, isBase64Encoded, requestContext, ...asked } = connectEvent(handshake)
  const { apiId, stage } = requestContext
  return {
    type: 'REQUEST',
    methodArn: `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/$connect`,
    ...asked,
    headers: sorted({ ...asked.headers, ...UPGRADE }),
    multiValueHeaders: sorted({
      ...asked.multiValueHeaders,
      ...Object.fromEntries(Object.entries(UPGRADE).map(([name, value]) => [name, [value]])),
    }),
    stageVariables,
    requestContext,
  }
}

const UPGRADE = { Connection: 'upgrade', 'content-length': '0', Upgrade: 'websocket' }

const sorted = <Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(headers).sort(([one], [other]) => (one.toLowerCase() < other.toLowerCase() ? -1 : 1)),
  )
