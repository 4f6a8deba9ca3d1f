import { type Engine, read, replace, type Seen } from './effect.ts'
import type { Outcome, Policy } from './engine.ts'
import type { Machine, Step } from './machine.ts'
import { attempt, isOpen, type Open, origin, release, repeats } from './record.ts'

/** One message's patience, as it is used up. */
export interface Turn {
  readonly machine: Machine
  readonly id: string
  readonly policy: Policy
  patienceMs: number
  attempt: number
}

/** Wait until nobody holds the connection and every deadline that has passed is applied. */
export function* stand(turn: Turn, last?: Seen): Engine<{ readonly record: Open; readonly now: number } | Outcome> {
  const { machine, policy } = turn
  let seen = last ?? (yield* read())
  for (; turn.attempt < MAX_ATTEMPTS; turn.attempt++) {
    const { record, now, failed } = seen
    if (failed) return { kind: 'unavailable' }
    if (!record || record.closed) return { kind: 'gone' }
    if (turn.id && repeats(record, turn.id)) return { kind: 'duplicate' }
    // Stored by another version of the machine, or before there was one.
    if (!isOpen(record) || record.machine !== machine.version) return { kind: 'outdated', stored: record.machine }

    const leftMs = (record.claim?.deadline ?? now) - now
    if (leftMs > 0) {
      const ms = Math.min(policy.backoff(turn.attempt), leftMs)
      if (ms > turn.patienceMs) return { kind: 'busy', retryAfterMs: leftMs }
      turn.patienceMs -= ms
      yield { op: 'wait', ms }
      seen = yield* read()
      continue
    }

    const lapsed = attempt(() => lapse(machine, record, now) ?? 'nothing')
    if (lapsed === 'nothing') {
      turn.attempt++
      return { record, now }
    }
    if ('kind' in lapsed) return lapsed
    const after = release(record, lapsed)
    const stored = yield* replace(record.version, after, () => false)
    if (stored.result === 'unknown') return { kind: 'unavailable' }
    if (stored.result === 'ok' && lapsed.actions.length > 0) yield { op: 'act', actions: lapsed.actions }
    if (stored.result === 'ok' && after.state.done) return { kind: 'ended', state: after.state, now: true }
    seen = stored.result === 'ok' ? { now, record: after } : stored
  }
  return { kind: 'busy', retryAfterMs: policy.backoff(turn.attempt) }
}

/** Apply the deadlines that have passed, each at its own time, so that chained ones fall due as they would have. */
const lapse = (machine: Machine, record: Open, now: number): Step | undefined => {
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
