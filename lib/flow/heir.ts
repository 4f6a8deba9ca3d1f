import type { Plan } from './plan.ts'

/**
 * The connection that has taken over from one that is gone, where the protocol can be resumed. `undefined` where there is
 * none, or none yet.
 *
 * `isPatient`: look a few times, since the peer may be on its way. A client that has lost its connection is back within a
 * second or two, or is away for longer.
 */
export const heirOf = async (plan: Plan, connectionId: string, isPatient: boolean): Promise<string | undefined> => {
  const { state, clock, routes } = plan
  if (!state || !routes.has('$resume')) return undefined
  const { records } = state.ports
  for (const waitMs of [0, ...(isPatient ? WAITS_MS : [])]) {
    if (waitMs > 0) await clock.wait(waitMs)
    const record = await records.read(connectionId)
    const to = record?.closed?.to
    // Named first, and heir when it has all that is to be taken over: before that nobody listens there.
    if (to !== undefined && (await records.read(to))?.resumed?.from === connectionId) return to
    // Nothing is left to take over, or nobody has come for it.
    if (!record || record.state?.done || clock.now() - (record.closed?.at ?? clock.now()) > AWAY_MS) return undefined
  }
  return undefined
}

/** A client tries at once, and then after twice as long each time. */
const WAITS_MS = [200, 400, 800, 1_600]
/** Whoever is away for longer may be back at any time, or never. */
const AWAY_MS = 10_000
