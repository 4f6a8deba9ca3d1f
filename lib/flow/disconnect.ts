import type { DisconnectEvent } from '../event/event.ts'
import { bury } from '../protocol/engine.ts'
import type { Answer } from '../types/app.ts'
import { DisconnectContext } from './context.ts'
import { driveThrough, tokenOf } from './drive.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { report } from './report.ts'

/**
 * The farewell. The tombstone comes first and fences whatever is still running for the connection; then its memberships
 * go; then the handler runs, once however often the event comes.
 */
export const disconnect = async (plan: Plan, received: Received<DisconnectEvent>): Promise<Answer> => {
  try {
    const buried = await release(plan, received)
    if (buried.first) await plan.disconnect(new DisconnectContext(plan, received, buried.snapshot))
  } catch (error) {
    await report(plan, received, undefined, error)
  } finally {
    received.lifetime.end()
  }
  return { statusCode: 200 }
}

const release = async (plan: Plan, { connection, lambda }: Received) => {
  const { store, protocol } = plan
  if (!store) return { first: true, snapshot: undefined }
  const closed = { by: 'disconnect', token: tokenOf(plan, lambda?.awsRequestId) } as const
  const { first, record } = await driveThrough(plan, connection.id, bury(closed))
  await store.memberships.leaveAll(connection.id)
  return { first, snapshot: record?.state && protocol?.machine.snapshot(record.state) }
}
