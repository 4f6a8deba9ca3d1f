import { part, type Via } from '../flow/deliver.ts'
import { Fault, Parting } from '../flow/fault.ts'
import { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import { reach } from '../flow/reach.ts'
import type { Tick } from '../flow/state.ts'
import { tick as look } from '../protocol/engine.ts'
import { isOver } from '../protocol/record.ts'
import type { ConnectionRecord, StorePorts } from '../store/store.ts'
import { nextOf } from './arm.ts'
import { type Drive, driveThrough, policyOf } from './drive.ts'
import { ask } from './expiry.ts'
import { fail } from './fail.ts'
import { expired } from './outcome.ts'
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
  if (result.kind === 'gone') return
  if (result.kind === 'done') throw new TypeError('A deadline ran a handler.')
  const via = { gateway: reach(plan, api) }
  await protocol.tell?.(plan, via, connectionId, driven, result.kind).catch(console.error)
  if (result.kind === 'ticked' || result.kind === 'busy' || result.kind === 'outdated') {
    const record = driven.last ?? driven.first
    // Whoever holds the connection began in time, and may finish.
    if (result.kind !== 'busy' && record && isOver(record, now)) {
      const { code, message } = expired()
      return part(plan, via, connectionId, code, message)
    }
    const times = [
      result.kind === 'busy' && later(plan, at, result.retryAfterMs),
      result.kind === 'ticked' && following(given, now, driven),
      record && (await watch(plan, via, given, now, record)),
    ]
    // Both may be the same, and two that look at once would soon be four.
    for (const next of new Set(times)) if (next) await protocol.deadlines?.arm({ connectionId, at: next, api })
    return
  }
  const error = await fail(protocol, '', result, driven.cause)
  if (!(error instanceof Parting)) throw error instanceof Fault ? error.cause : error
  await part(plan, via, connectionId, error.code, error.message)
}

/** Ask for another token where it is time. When the one that there is should be looked at again. */
const watch = async (
  plan: Plan,
  via: Via,
  { connectionId, at }: Tick,
  now: number,
  { askAt, expiresAt }: ConnectionRecord,
): Promise<number | undefined> => {
  // One that was stopped, or a deadline of the machine.
  if (expiresAt === undefined || (at !== askAt && at !== expiresAt)) return undefined
  // Called before its time: the longest delay that a queue knows may be shorter.
  if (at > now) return at
  return at === askAt && (await ask(plan, via, connectionId, expiresAt)) ? expiresAt : undefined
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
