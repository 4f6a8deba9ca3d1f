import type { DisconnectEvent } from '../event/event.ts'
import type { Answer } from '../types/app.ts'
import { Context } from './context.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { report } from './report.ts'
import type { Farewell } from './state.ts'
import { putWay } from './ways.ts'

/**
 * The farewell. The tombstone comes first and fences whatever is still running for the connection; then its memberships
 * go; then the handler runs, once however often the event comes.
 */
export const disconnect = async (plan: Plan, received: Received<DisconnectEvent>): Promise<Answer> => {
  try {
    const closed = (await plan.state?.close(plan, received)) ?? NEW
    if (closed.first) await plan.disconnect(new DisconnectContext(plan, received, closed))
  } catch (error) {
    await report(plan, received, undefined, error)
  } finally {
    received.lifetime.end()
  }
  return { statusCode: 200 }
}

const NEW = { first: true }

/** What `onDisconnect` is given. The connection is gone: there is nobody to push to. */
export class DisconnectContext extends Context {
  readonly phase = 'disconnect'
  readonly code: number
  readonly reason: string

  constructor(plan: Plan, received: Received<DisconnectEvent>, farewell: Farewell) {
    super(plan, received)
    putWay(this, plan, received)
    const { disconnectStatusCode, disconnectReason } = received.event.requestContext
    // 1006 is the code of a connection that ended without a close frame (RFC 6455, 7.4.1).
    this.code = disconnectStatusCode ?? 1006
    this.reason = disconnectReason ?? ''
    if (plan.state) Object.assign(this, plan.state.inDisconnect(plan, received, farewell))
  }
}
