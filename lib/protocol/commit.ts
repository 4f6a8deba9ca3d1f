import type { ConnectionRecord } from '../store/store.ts'
import { type Engine, type Handled, replace } from './effect.ts'
import type { Ask, Outcome } from './engine.ts'
import type { Machine, Step } from './machine.ts'
import { done, doneOf, failed, fold, holds, isOpen, type Open, origin, release, same } from './record.ts'
import { repetition } from './stand.ts'

/** Store what the handler has earned, or give the connection back. */
export function* commit(
  machine: Machine,
  ask: Ask,
  claimed: Open,
  first: Step,
  handled: Handled | undefined,
  now: number,
): Engine<Outcome> {
  const earned = handled?.ok ? fold(machine, first, handled.raised, now) : failed(handled?.error)
  if ('kind' in earned) {
    // Best effort: when it fails, the claim ends by itself at its deadline.
    yield* replace(claimed.version, settle(release(claimed, origin(claimed)), ask), () => false)
    return earned
  }
  const { changes, joins = [], kept: more }: Partial<Extract<Handled, { ok: true }>> = handled?.ok ? handled : {}
  const next = { ...settle(release(claimed, earned, doneOf(ask)), ask), ...more }
  // A join that comes after the commit comes under the claim: the message that would undo it has to wait.
  const kept = joins.length > 0 && claimed.claim ? { ...next, claim: claimed.claim } : next
  const stored = yield* replace(claimed.version, kept, (current) => holds(current, ask.token), { changes })
  if (stored.result === 'ok') {
    const withdrawn = joins.length > 0 ? yield* grant(next, joins, ask.token) : NONE
    return withdrawn.length > 0 ? { ...done(earned), withdrawn } : done(earned)
  }
  if (stored.result === 'unknown') return { kind: 'unknown' }
  // Another attempt of the same message may have committed while this one slept, or another message under its id.
  return (stored.record && repetition(stored.record, ask)) ?? { kind: 'fenced' }
}

/**
 * Join what the commit has earned, and let go of the claim; not when a join failed, which may still be on its way.
 * Returns what had to be taken back.
 */
function* grant(committed: Open, joins: readonly string[], token: string): Engine<readonly string[]> {
  let failed = false
  for (const channel of joins) {
    const joined = yield { op: 'join', channel }
    failed ||= joined.failed === true
  }
  if (failed) return NONE
  const { withdrawn } = yield* letGo(committed, joins, token)
  return withdrawn
}

/**
 * End the claim under which channels were joined. Where it was over before, and another message has gone on from there,
 * nobody knows whether the state still permits them: they are taken back.
 */
export function* letGo(
  committed: Open,
  joined: readonly string[],
  token: string,
): Engine<{ readonly record: Open; readonly withdrawn: readonly string[] }> {
  let freed = { ...committed, version: committed.version + 1 }
  for (let attempt = 0; attempt < MAX_RELEASES; attempt++) {
    const isFreed = ({ version, claim, closed, state, done }: ConnectionRecord) =>
      version === freed.version && !claim && !closed && same([state, done], [freed.state, freed.done])
    const { result, record } = yield* replace(freed.version - 1, freed, isFreed)
    if (result !== 'conflict') return { record: freed, withdrawn: NONE }
    // It has ended meanwhile, in the state that permits them: they are left to whoever ended it, or goes on from there.
    if (record?.closed && same([record.state, record.done], [freed.state, freed.done]))
      return { record: freed, withdrawn: NONE }
    // Still ours, under another version: whoever wrote has left the claim as it is.
    if (!record || !isOpen(record) || record.closed || record.claim?.token !== token) break
    const { claim: _, ...rest } = record
    freed = { ...rest, version: record.version + 1 }
  }
  for (const channel of joined) yield { op: 'leave', channel }
  return { record: freed, withdrawn: joined }
}

/**
 * The same record, with one more message that has come to its end. Not for one whose turn is over: it was settled before,
 * and its peer has not heard of it.
 */
export const settle = (record: Open, { dep }: Ask): Open => {
  const { settled = 0 } = record
  return dep === undefined || dep === settled ? { ...record, settled: settled + 1 } : record
}

const NONE: readonly string[] = []

/** Nobody writes to a connection that is claimed, but for those who mistake the time. */
const MAX_RELEASES = 4
