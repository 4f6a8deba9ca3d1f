import { part } from '../flow/deliver.ts'
import { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import { Fault, Parting } from '../flow/refuse.ts'
import type { Tick } from '../flow/state.ts'
import { tick as look } from '../protocol/engine.ts'
import type { StorePorts } from '../store/store.ts'
import { arm, nextOf } from './arm.ts'
import { driveThrough, policyOf } from './drive.ts'
import { fail } from './outcome.ts'
import type { Protocol } from './protocol.ts'

/** What `.protocol(machine, { deadlines })` takes: somebody who looks when a deadline is over. */
export interface Deadlines {
  /** Have `tick` called at that time, or not long after. Earlier is no harm. Rejects when that cannot be arranged. */
  readonly arm: (tick: Tick) => Promise<void>
  readonly tick: (plan: Plan, store: StorePorts, protocol: Protocol, tick: Tick) => Promise<void>
}

/**
 * Look at a connection whose deadline should be over: apply what is due, say `$bye` where the protocol has ended, and
 * have somebody look again where there is more to come.
 *
 * A deadline that was cancelled costs one read. Rejects where the store does not answer, to be called again.
 */
export const tick = async (
  plan: Plan,
  store: StorePorts,
  protocol: Protocol,
  { connectionId, at, api }: Tick,
): Promise<void> => {
  const now = plan.clock.now()
  const engine = look(protocol.machine, policyOf(plan, new Lifetime(undefined)))
  const { result, driven } = await driveThrough(plan, store, connectionId, engine)
  // Called before its time: the longest delay that a queue knows may be shorter than the deadline.
  const early = at > now && nextOf(driven.first()) === at && !driven.last()
  await arm(protocol, connectionId, api, early ? undefined : driven.first(), driven.last() ?? driven.first())
  if (result.kind === 'ticked' || result.kind === 'gone' || result.kind === 'outdated') return
  if (result.kind === 'done') throw new TypeError('A deadline ran a handler.')
  if (result.kind === 'busy') {
    await protocol.deadlines?.arm({ connectionId, at: now + result.retryAfterMs, api })
    return
  }
  const error = fail(protocol, '', result, driven.cause())
  if (!(error instanceof Parting)) throw error instanceof Fault ? error.cause : error
  await part(plan, { gateway: plan.gatewayOf(api) }, connectionId, error.code, error.message)
}
