import type { EventObject } from 'xstate'
import { UnavailableError } from '../errors.ts'
import type { Closed, ConnectionRecord, StoredState } from '../store/store.ts'
import { type Engine, type Handled, read, replace, type Seen } from './effect.ts'
import type { Action, Machine, Step } from './machine.ts'
import { attempt, changes, done, failed, fold, holds, type Open, origin, release, repeats } from './record.ts'
import { stand } from './stand.ts'

/** The way of one message through the protocol. */
export function* message(machine: Machine, ask: Ask, policy: Policy): Engine<Outcome> {
  const turn = { machine, id: ask.id, policy, patienceMs: policy.patienceMs, attempt: 0 }
  let seen: Seen | undefined
  for (;;) {
    const ready = yield* stand(turn, seen)
    if ('kind' in ready) return ready
    const { record, now } = ready

    const step = attempt(() => {
      if (record.state.done) return { kind: 'ended', state: record.state, now: false } as const
      if (!machine.can(record.state, ask.event)) return { kind: 'rejected', state: record.state } as const
      return machine.next(origin(record), ask.event, now)
    })
    if ('kind' in step) return step

    if (!ask.exclusive && !changes(record, step)) {
      const { handled } = yield { op: 'run', state: record.state, exclusive: false }
      if (!handled?.ok) return { kind: 'failed', error: handled?.error }
      if (handled.raised.length > 0) return afterRun(yield* apply(machine, handled.raised, ask, policy))
      return { kind: 'done', state: record.state, actions: step.actions, final: false }
    }

    if (!policy.canStart(now)) return { kind: 'busy', retryAfterMs: 1 }
    // The claim leaves the state as it is: nobody sees the target before the handler has earned it, and when this
    // function dies there is nothing to undo.
    const claimed: Open = {
      ...record,
      version: record.version + 1,
      claim: { token: ask.token, deadline: policy.deadline(now), event: ask.event.type },
    }
    const claim = yield* replace(record.version, claimed, (current) => current.claim?.token === ask.token)
    if (claim.result === 'unknown') return { kind: 'unavailable' }
    if (claim.result === 'conflict') {
      seen = claim
      continue
    }
    const { handled } = yield { op: 'run', state: record.state, exclusive: true }
    return yield* commit(machine, ask, claimed, step, handled, now)
  }
}

/** What `apply` says of nothing having run is not true once a handler has. */
const afterRun = (outcome: Outcome): Outcome => {
  if (outcome.kind === 'busy') return { kind: 'fenced' }
  return outcome.kind === 'unavailable' ? { kind: 'unknown' } : outcome
}

/** Store what the handler has earned, or give the connection back. */
function* commit(
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
    yield* replace(claimed.version, release(claimed, origin(claimed)), () => false)
    return earned
  }
  const next = release(claimed, earned, { id: ask.id, token: ask.token })
  const stored = yield* replace(claimed.version, next, (current) => holds(current, ask.token))
  if (stored.result === 'ok') return done(earned)
  if (stored.result === 'unknown') return { kind: 'unknown' }
  // Another attempt of the same message may have committed while this one slept.
  return { kind: ask.id && stored.record && repeats(stored.record, ask.id) ? 'duplicate' : 'fenced' }
}

/**
 * Events from inside: raised by a handler that left the state as it is, or dispatched by the server. No handler runs, so
 * one write does.
 */
export function* apply(
  machine: Machine,
  events: readonly EventObject[],
  { id, token }: Pick<Ask, 'id' | 'token'>,
  policy: Policy,
): Engine<Outcome> {
  const turn = { machine, id, policy, patienceMs: policy.patienceMs, attempt: 0 }
  let seen: Seen | undefined
  for (;;) {
    const ready = yield* stand(turn, seen)
    if ('kind' in ready) return ready
    const { record, now } = ready
    const earned = fold(machine, { ...origin(record), actions: [] }, events, now)
    if ('kind' in earned) return earned
    const stored = yield* replace(record.version, release(record, earned, { id, token }), (current) =>
      holds(current, token),
    )
    if (stored.result === 'unknown') return { kind: 'unknown' }
    if (stored.result === 'ok') return done(earned)
    seen = stored
  }
}

/**
 * Write the tombstone. It does not wait for a claim: whoever holds one is fenced by it.
 *
 * `first` is false when the connection was closed by the same event before. A tombstone that a 410 left is written over
 * by `$disconnect`, so that its handler runs.
 */
export function* bury(
  closed: Closed,
): Engine<{ readonly first: boolean; readonly record: ConnectionRecord | undefined }> {
  let seen = yield* read()
  for (let lost = 0; ; ) {
    const { record } = seen
    if (seen.failed || lost > 1)
      throw new UnavailableError('The store did not answer. The connection is not marked as closed.')
    if (!record || record.closed?.token === closed.token) return { first: true, record }
    if (record.closed?.by === 'disconnect' || record.closed?.by === closed.by) return { first: false, record }
    const { claim: _, ...rest } = record
    const next = { ...rest, version: record.version + 1, closed }
    const stored = yield* replace(record.version, next, (current) => current.closed?.token === closed.token)
    if (stored.result === 'ok') return { first: true, record }
    if (stored.result === 'unknown') lost++
    seen = stored.result === 'unknown' ? yield* read() : stored
  }
}

/** One message, as far as the engine is concerned. */
export interface Ask {
  readonly event: EventObject
  /** The peer's id of the message. Empty when it gave none: then nothing recognises a repetition. */
  readonly id: string
  /** This attempt, unlike any other. */
  readonly token: string
  /** Claim the connection although the state stays as it is. */
  readonly exclusive: boolean
}

/** Time and patience. All in milliseconds. */
export interface Policy {
  /** When a claim that is made now ends: no sooner than the function that makes it can still be running. */
  readonly deadline: (now: number) => number
  /** Whether there is time left to run a handler. */
  readonly canStart: (now: number) => boolean
  /** How long to wait before looking again at a connection that another message holds. */
  readonly backoff: (attempt: number) => number
  /** How long a message waits in all for another one to finish. */
  readonly patienceMs: number
}

export type Outcome =
  /** The handler succeeded; what it changed is stored. */
  | { readonly kind: 'done'; readonly state: StoredState; readonly actions: readonly Action[]; readonly final: boolean }
  /** The protocol does not allow the message now. */
  | { readonly kind: 'rejected'; readonly state: StoredState }
  /** The protocol has ended. `now`: by a deadline that this message found overdue. */
  | { readonly kind: 'ended'; readonly state: StoredState; readonly now: boolean }
  /** Another message holds the connection. Nothing ran. */
  | { readonly kind: 'busy'; readonly retryAfterMs: number }
  /** The store did not answer. Nothing ran. */
  | { readonly kind: 'unavailable' }
  /** There is no such connection, or no longer. */
  | { readonly kind: 'gone' }
  /** A message with this id was applied before. */
  | { readonly kind: 'duplicate' }
  /** The handler ran, but another one took over. Its output must be dropped. */
  | { readonly kind: 'fenced' }
  /** The handler ran, and nobody knows whether its commit was stored. */
  | { readonly kind: 'unknown' }
  /** The handler failed, or the machine did. The state is as it was. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The state was stored by another version of the machine. */
  | { readonly kind: 'outdated'; readonly stored: string | undefined }
