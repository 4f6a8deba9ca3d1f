import { part } from '../flow/deliver.ts'
import { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import { Fault, Parting } from '../flow/refuse.ts'
import type { Tick } from '../flow/state.ts'
import { tick as look } from '../protocol/engine.ts'
import type { StorePorts } from '../store/store.ts'
import { nextOf } from './arm.ts'
import { type Drive, driveThrough, policyOf } from './drive.ts'
import { fail } from './fail.ts'
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
 * A deadline that was cancelled costs one read. Rejects where the store, the gateway or the queue does not answer, to be
 * called again: with `again`, since what failed may have been to have somebody look at the next deadline.
 */
export const tick = async (plan: Plan, store: StorePorts, protocol: Protocol, given: Tick): Promise<void> => {
  const { connectionId, at, api } = given
  const now = plan.clock.now()
  const engine = look(protocol.machine, policyOf(plan, new Lifetime(undefined)))
  const { result, driven } = await driveThrough(plan, store, connectionId, engine)
  if (result.kind === 'gone' || result.kind === 'outdated') return
  if (result.kind === 'done') throw new TypeError('A deadline ran a handler.')
  if (result.kind === 'ticked' || result.kind === 'busy') {
    const next = result.kind === 'busy' ? later(plan, at, result.retryAfterMs) : following(given, now, driven)
    if (next !== undefined) await protocol.deadlines?.arm({ connectionId, at: next, api })
    return
  }
  const error = await fail(protocol, '', result, driven.cause)
  if (!(error instanceof Parting)) throw error instanceof Fault ? error.cause : error
  await part(plan, { gateway: plan.gatewayOf(api) }, connectionId, error.code, error.message)
}

/** A message holds the connection: by its claim for as long as its function may live, and most are through much sooner. */
const later = ({ clock }: Plan, at: number, retryAfterMs: number) =>
  Math.max(at, clock.now() + Math.min(retryAfterMs, LOOK_AGAIN_MS))

/** The deadline that nobody has been asked to look at yet. */
const following = ({ at, again }: Tick, now: number, { first, last }: Drive<unknown>): number | undefined => {
  const next = nextOf(last ?? first)
  // Called before its time: the longest delay that a queue knows may be shorter than the deadline.
  const isOpen = next === at ? at > now : next !== nextOf(first)
  return isOpen || again ? next : undefined
}

/** A deadline is late by this at most because of a message that is through; a claim of 30 s costs six looks. */
const LOOK_AGAIN_MS = 5_000
