import { type Claimed, FREE } from '../flow/claim.ts'
import { report } from '../flow/report.ts'
import type { State } from '../flow/state.ts'
import { message, type Outcome } from '../protocol/engine.ts'
import type { StorePorts } from '../store/store.ts'
import { arm, isWatched } from './arm.ts'
import { commit } from './commit.ts'
import { Drive, policyOf, tokenOf } from './drive.ts'
import { fail, unrun } from './fail.ts'
import { expiry } from './later.ts'
import type { Protocol } from './protocol.ts'

/** Ask the protocol whether a message may happen now. Throws what the peer is to be told when it may not. */
export const claim =
  (store: StorePorts, protocol: Protocol): NonNullable<State['claim']> =>
  async (plan, received, route, { id = '', dep }, data): Promise<Claimed> => {
    const { machine, counted, resume } = protocol
    const { connectionId, lambda, lifetime, event: cause } = received
    if (route === resume?.route) return resume.take(plan, store, protocol, received, data)
    const ask = {
      // The type comes last: no payload can name another event.
      event: { ...(typeof data === 'object' ? data : undefined), type: route.name },
      id,
      token: tokenOf(plan, lambda?.awsRequestId),
      exclusive: route.exclusive,
      ...(dep !== undefined && { dep, counts: route.exclusive || counted.has(route.name) }),
    }
    const driven = new Drive(plan, store, connectionId, message(machine, ask, policyOf(plan, lifetime)))
    const complain = (error: unknown) => report(plan, received, route.name, error)
    const watch = async (kind: Outcome['kind']) => {
      await arm(protocol, connectionId, cause.requestContext, driven.first, driven.last).catch(complain)
      await protocol.tell?.(plan, received, connectionId, driven, kind, ask).catch(complain)
    }
    const standing = await driven.on()
    if (!standing.run) {
      await watch(standing.result.kind)
      const { seen } = driven
      const state = seen?.state
      // Whoever was told nothing of it asks again; and whoever was to do it may have died before it was done.
      if (route.again && standing.result.kind === 'duplicate' && state)
        return { ...FREE, snapshot: () => machine.snapshot(state), record: seen, session: seen.resumed?.session }
      throw await fail(protocol, route.name, unrun(standing.result), driven.cause)
    }
    const { state, exclusive, session } = standing.run
    const record = driven.last ?? driven.first
    if (isWatched(record, plan.clock.now())) await (await expiry()).remind(plan, received, record)
    return {
      snapshot: () => machine.snapshot(state),
      record,
      exclusive,
      session,
      commit: async (handled) => {
        let kind: Outcome['kind'] = 'failed'
        try {
          await commit(plan, store, protocol, received, route.name, driven, handled)
          kind = 'done'
        } finally {
          await watch(kind)
        }
      },
    }
  }
