import type { Claimed } from '../flow/claim.ts'
import type { State } from '../flow/state.ts'
import { message, type Outcome } from '../protocol/engine.ts'
import type { StorePorts } from '../store/store.ts'
import { commit } from './commit.ts'
import { drive, policyOf, tokenOf } from './drive.ts'
import { type Failure, fail } from './outcome.ts'
import type { Protocol } from './protocol.ts'

/** Ask the protocol whether a message may happen now. Throws what the peer is to be told when it may not. */
export const claim =
  (store: StorePorts, protocol: Protocol): NonNullable<State['claim']> =>
  async (plan, received, route, { id = '' }, data): Promise<Claimed> => {
    const { machine } = protocol
    const { connectionId, lambda, lifetime } = received
    // The type comes last: no payload can name another event.
    const event = { ...(typeof data === 'object' ? data : undefined), type: route.name }
    const token = tokenOf(plan, lambda?.awsRequestId)
    const asked = { event, id, token, exclusive: route.exclusive }
    const driven = drive(plan, store, connectionId, message(machine, asked, policyOf(plan, lifetime)))
    const standing = await driven.on()
    if (!standing.run) throw fail(protocol, route.name, unrun(standing.result), driven.cause())
    return {
      snapshot: machine.snapshot(standing.run.state),
      exclusive: standing.run.exclusive,
      commit: (handled) => commit(plan, protocol, received, route.name, driven, handled),
    }
  }

const unrun = (outcome: Outcome): Failure => {
  if (outcome.kind === 'done') throw new TypeError('The engine was through before the handler ran.')
  return outcome
}
