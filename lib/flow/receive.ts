import type { Context as LambdaContext } from 'aws-lambda'
import type { RequestContext, WebSocketEvent } from '../event/event.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Connection } from '../types/context.ts'
import { Lifetime } from './lifetime.ts'
import type { Plan } from './plan.ts'
import { reach } from './reach.ts'

/** Who speaks: an event of API Gateway, and what every step needs of it. */
export interface Received<Event extends WebSocketEvent = WebSocketEvent> {
  readonly event: Event
  /** Where replies go. Apart from `connection`, which handlers hold and plain JavaScript could change. */
  readonly connectionId: string
  readonly connection: Connection
  readonly lambda: LambdaContext
  /** What the authorizer of `$connect` returned, as it came. */
  readonly authorizer: unknown
  readonly gateway: Gateway
  readonly lifetime: Lifetime
}

/**
 * Read the event of an invocation. Identity comes from `requestContext` alone, which API Gateway writes; nothing that a
 * peer sends can name another connection. `undefined` for what is no event of a WebSocket API, such as a direct invoke.
 */
export const receive = (plan: Plan, event: unknown, lambda: LambdaContext): Received | undefined => {
  if (!isWebSocketEvent(event)) return undefined
  const { connectionId, connectedAt, identity } = event.requestContext
  return {
    event,
    connectionId,
    connection: {
      id: connectionId,
      connectedAt,
      sourceIp: identity?.sourceIp ?? '',
      // Captures before 2022 carry null here.
      userAgent: identity?.userAgent ?? undefined,
    },
    lambda,
    authorizer: event.requestContext.authorizer ?? undefined,
    gateway: reach(plan, event.requestContext),
    lifetime: new Lifetime(lambda),
  }
}

const isWebSocketEvent = (event: unknown): event is WebSocketEvent => {
  const { connectionId, apiId, eventType }: Partial<RequestContext> = Object(Object(event).requestContext)
  return (
    typeof connectionId === 'string' &&
    typeof apiId === 'string' &&
    (eventType === 'MESSAGE' || eventType === 'CONNECT' || eventType === 'DISCONNECT')
  )
}
