import type { Outcome } from '../protocol/engine.ts'
import type { StoredState } from '../store/store.ts'
import { later } from './later.ts'
import type { Failure } from './outcome.ts'
import type { Protocol } from './protocol.ts'

/** What is said of failures and farewells is loaded when there is one: most messages need none of it. */
const load = later(() => import('./outcome.ts'))

/** What the engine's verdict means for the peer. `cause` is what the store said, if it failed. */
export const fail = async (protocol: Protocol, name: string, outcome: Failure, cause: unknown): Promise<Error> =>
  (await load()).errorOf(protocol, name, outcome, cause)

/** Why a final state ends the connection. */
export const farewell = async (protocol: Protocol, state: StoredState): Promise<string> =>
  (await load()).farewellOf(protocol, state)

/** The outcome of a message whose handler never ran. */
export const unrun = (outcome: Outcome): Failure => {
  if (outcome.kind === 'done') throw new TypeError('The engine was through before the handler ran.')
  return outcome
}
