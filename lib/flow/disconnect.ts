import type { DisconnectEvent } from '../event/event.ts'
import type { Answer } from '../types/app.ts'
import { DisconnectContext } from './context.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { report } from './report.ts'

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
