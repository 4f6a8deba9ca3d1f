import type { ConnectionRecord } from '../store/store.ts'
import { type Engine, read, replace, type Seen } from './effect.ts'
import type { Ask, Outcome, Policy } from './engine.ts'
import type { Machine, Step } from './machine.ts'
import { applied, attempt, isOpen, isOver, isSame, type Open, origin, release } from './record.ts'

/** One message's patience, as it is used up. */
export interface Turn {
  readonly machine: Machine
  readonly policy: Policy
  /** Whose turn it is: a repetition of what was applied has none. */
  readonly ask: Pick<Ask, 'id' | 'event'> | undefined
  /** Whether it is the peer's, which has no more turns once its token has expired. */
  readonly isPeers: boolean
  patienceMs: number
  attempt: number
}

export const turnOf = (machine: Machine, policy: Policy, ask?: Turn['ask'], isPeers = false): Turn => ({
  machine,
  policy,
  ask,
  isPeers,
  patienceMs: policy.patienceMs,
  attempt: 0,
})

/** Wait until nobody holds the connection and every deadline that has passed is applied. */
export function* stand(turn: Turn, last?: Seen): Engine<{ readonly record: Open; readonly now: number } | Outcome> {
  const { machine, policy } = turn
  let seen = last ?? (yield* read())
  for (; turn.attempt < MAX_ATTEMPTS; turn.attempt++) {
    const { record, now, failed } = seen
    if (failed) return { kind: 'unavailable' }
    if (!record || record.closed) return { kind: 'gone' }
    if (turn.isPeers && isOver(record, now)) return { kind: 'expired' }
    const repeated = repetition(record, turn.ask)
    if (repeated) return repeated
    // Before there was a protocol.
    if (!isOpen(record)) return { kind: 'outdated', stored: record.machine }

    const leftMs = (record.claim?.deadline ?? now) - now
    if (leftMs > 0) {
      const waited = yield* pause(turn, leftMs)
      if (typeof waited === 'number') return { kind: 'busy', retryAfterMs: waited }
      seen = waited
      continue
    }

    const moved = attempt(() => migrated(machine, record, now) ?? lapse(machine, record, now) ?? 'nothing')
    if (moved === 'nothing') {
      turn.attempt++
      return { record, now }
    }
    if ('kind' in moved) return moved
    const after = { ...release(record, moved), machine: machine.version }
    const stored = yield* replace(record.version, after, () => false)
    if (stored.result === 'unknown') return { kind: 'unavailable' }
    if (stored.result === 'ok' && moved.actions.length > 0) yield { op: 'act', actions: moved.actions }
    if (stored.result === 'ok' && after.state.done) return { kind: 'ended', state: after.state, now: true }
    seen = stored.result === 'ok' ? { now: stored.now, record: after } : stored
  }
  return { kind: 'busy', retryAfterMs: policy.backoff(turn.attempt) }
}

/** Wait a little and look again; how long it would still have taken, where there is no patience left. */
export function* pause(turn: Turn, leftMs = Number.POSITIVE_INFINITY): Engine<Seen | number> {
  const ms = Math.min(turn.policy.backoff(turn.attempt), leftMs)
  if (ms > turn.patienceMs) return Number.isFinite(leftMs) ? leftMs : ms
  turn.patienceMs -= ms
  yield { op: 'wait', ms }
  return yield* read()
}

/** What a message is told under whose id one was applied: the same, or another. */
export const repetition = (record: ConnectionRecord, ask: Turn['ask']): Outcome | undefined => {
  const earlier = ask?.id ? applied(record, ask.id) : undefined
  if (!earlier || !ask) return undefined
  return { kind: isSame(earlier, ask) ? 'duplicate' : 'reused' }
}

/** A state that another version of the machine stored, as this version knows it. */
const migrated = (machine: Machine, record: Open, now: number): Step | Outcome | undefined => {
  if (record.machine === machine.version) return undefined
  const moved = machine.migrate(origin(record), record.machine, now)
  return moved ? { ...moved, actions: [] } : { kind: 'outdated', stored: record.machine }
}

/** Apply the deadlines that have passed, each at its own time, so that chained ones fall due as they would have. */
const lapse = (machine: Machine, record: Open, now: number): Step | undefined => {
  if (!record.due) return undefined
  let step: Step | undefined
  for (let lapsed = 0; lapsed < MAX_LAPSED; lapsed++) {
    const { state, due, actions }: Step = step ?? { ...origin(record), actions: [] }
    const [first] = [...due].sort((a, b) => a.at - b.at)
    if (!first || first.at > now) return step
    const next = machine.next(
      { state, due: due.filter((one) => one !== first) },
      { ...first.payload, type: first.event },
      first.at,
    )
    step = { ...next, actions: [...actions, ...next.actions] }
  }
  throw new RangeError(
    `More than ${MAX_LAPSED} deadlines were overdue at once, the last in '${JSON.stringify(step?.state.value)}': does it wait in a circle?`,
  )
}

/** One a second for the two hours that a connection can last are 7,200; more are a circle of delays. */
const MAX_LAPSED = 10_000

/** A message that lost this many races is told to come back: someone else made progress each time. */
const MAX_ATTEMPTS = 32
