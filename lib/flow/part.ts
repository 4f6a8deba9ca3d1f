import { send, settle, type Via } from './deliver.ts'
import type { Plan } from './plan.ts'

/** Say why, if there is a code to say it with, and close the connection. */
export const part = async (
  plan: Plan,
  via: Via,
  connectionId: string,
  code: string | undefined,
  message: string,
): Promise<void> => {
  if (code) {
    const there = await send(plan, via, connectionId, plan.codec.push('$bye', { code, message }))
    if (!there) return
  }
  const closed = await via.gateway.close(connectionId, via.lifetime?.signal)
  if (closed.outcome !== 'gone') await settle(plan, connectionId, closed)
}
