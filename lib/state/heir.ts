import { UnavailableError } from '../errors.ts'
import type { Outcome } from '../protocol/engine.ts'
import { type Dispatch, failureOf, offer, offerLeft } from './dispatch.ts'

/**
 * Send an event to the machine that a connection has begun, wherever it is by now: with the connection, with the one that
 * has taken over from it, or left to one that still may. `false` where nobody has it any more. Rejects as `dispatch()` does;
 * with an UnavailableError too while it is on its way from one connection to the next.
 */
export const dispatchToHeir = async (given: Dispatch & { readonly id: string }): Promise<boolean> => {
  const { protocol } = given
  let at = given
  for (let hops = 0; hops < MAX_HOPS; hops++) {
    const { connectionId } = at
    const record = await read(given, connectionId)
    if (!record) return false
    const { closed } = record
    if (!closed) {
      const { outcome, cause } = await offer(at)
      // Closed a moment ago: look again at what has become of its state.
      if (outcome.kind === 'gone') continue
      return isApplied(at, outcome, cause)
    }
    const heir = closed.to === undefined ? undefined : await read(given, closed.to)
    if (heir?.resumed?.from === connectionId && closed.to !== undefined) {
      at = { ...at, connectionId: closed.to }
      continue
    }
    if (heir && !heir.closed) throw new UnavailableError(MOVING, { retryAfterMs: RETRY_MS })
    if (!protocol.resume) return false
    const { outcome, cause } = await offerLeft(at, closed.to)
    if (outcome.kind === 'gone') continue
    return isApplied(at, outcome, cause)
  }
  throw new UnavailableError(MOVING, { retryAfterMs: RETRY_MS })
}

const read = ({ store }: Dispatch, connectionId: string) =>
  store.records.read(connectionId).catch((cause: unknown): never => {
    throw new UnavailableError('The store did not answer. Nothing ran.', { retryAfterMs: RETRY_MS, cause })
  })

const isApplied = (at: Dispatch, outcome: Outcome, cause: unknown): true => {
  if (outcome.kind === 'done' || outcome.kind === 'duplicate') return true
  throw failureOf(at, outcome, cause)
}

const MOVING = 'Another connection is about to take over. Nothing ran.'
const RETRY_MS = 500
/** A client that reconnects each minute makes as many in the life of a record, two hours and a quarter. */
const MAX_HOPS = 256
