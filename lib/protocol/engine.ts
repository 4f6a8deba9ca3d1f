import type { EventObject } from 'xstate'
import type { ConnectionRecord, StoredState } from '../store/store.ts'
import { commit, settle } from './commit.ts'
import { type Engine, replace, type Seen } from './effect.ts'
import type { Action, Machine } from './machine.ts'
import { attempt, changes, done, doneOf, fold, holds, type Open, origin, release } from './record.ts'
import { pause, stand, turnOf } from './stand.ts'

/** The way of one message through the protocol. */
export function* message(machine: Machine, ask: Ask, policy: Policy): Engine<Outcome> {
  const turn = turnOf(machine, policy, ask, true)
  let seen: Seen | undefined
  for (;;) {
    const ready = yield* stand(turn, seen)
    if ('kind' in ready) return ready
    const { record, now } = ready

    const { settled = 0 } = record
    const { dep = 0 } = ask
    if (dep > settled + MAX_AHEAD) return { kind: 'ahead', settled, dep }
    if (dep > settled) {
      const waited = yield* pause(turn)
      if (typeof waited === 'number') return { kind: 'busy', retryAfterMs: waited, settled }
      seen = waited
      continue
    }

    const step = attempt(() => {
      if (record.state.done) return { kind: 'ended', state: record.state, now: false } as const
      if (!machine.can(record.state, ask.event)) return { kind: 'rejected', state: record.state } as const
      return machine.next(origin(record), ask.event, now)
    })
    if ('kind' in step) {
      // Whoever counts on this message having been settled must not wait for ever.
      const counted =
        ask.counts && dep === settled
          ? yield* replace(record.version, settle(release(record, origin(record)), ask), () => false)
          : undefined
      if (counted?.result !== 'conflict') return step
      seen = counted
      continue
    }

    if (!ask.exclusive && !ask.counts && !changes(record, step)) {
      const { handled } = yield { op: 'run', state: record.state, exclusive: false, ...sessionOf(record) }
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
    const { handled } = yield { op: 'run', state: record.state, exclusive: true, ...sessionOf(record) }
    return yield* commit(machine, ask, claimed, step, handled, now)
  }
}

const sessionOf = ({ resumed }: ConnectionRecord) => resumed && { session: resumed.session }

/** What `apply` says of nothing having run is not true once a handler has. */
const afterRun = (outcome: Outcome): Outcome => {
  if (outcome.kind === 'busy') return { kind: 'fenced' }
  return outcome.kind === 'unavailable' ? { kind: 'unknown' } : outcome
}

/**
 * Events from inside: raised by a handler that left the state as it is, or dispatched by the server. No handler runs, so
 * one write does.
 */
export function* apply(
  machine: Machine,
  events: readonly EventObject[],
  ask: Pick<Ask, 'id' | 'token' | 'event'>,
  policy: Policy,
): Engine<Outcome> {
  const turn = turnOf(machine, policy, ask)
  let seen: Seen | undefined
  for (;;) {
    const ready = yield* stand(turn, seen)
    if ('kind' in ready) return ready
    const { record, now } = ready
    const earned = fold(machine, { ...origin(record), actions: [] }, events, now)
    if ('kind' in earned) return earned
    const next = release(record, earned, doneOf(ask))
    const stored = yield* replace(record.version, next, (current) => holds(current, ask.token))
    if (stored.result === 'unknown') return { kind: 'unknown' }
    if (stored.result === 'ok') return done(earned)
    seen = stored
  }
}

/** Apply the deadlines that have passed, and nothing else. Costs one read where none has. */
export function* tick(machine: Machine, policy: Policy): Engine<Outcome | { readonly kind: 'ticked' }> {
  const ready = yield* stand(turnOf(machine, policy))
  if ('kind' in ready) return ready
  const { state } = ready.record
  // Whoever applied the last deadline may have died before the peer was told.
  return state.done ? { kind: 'ended', state, now: true } : { kind: 'ticked' }
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
  /** How many messages that count the peer sent before this one, where it says so. It waits for them. */
  readonly dep?: number
  /** Under a `dep`: this is one of those messages that others count, so it settles whatever comes of it. */
  readonly counts?: boolean
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
  | {
      readonly kind: 'done'
      readonly state: StoredState
      readonly actions: readonly Action[]
      readonly final: boolean
      /** Channels that were joined too late and taken back: another message had gone on meanwhile. */
      readonly withdrawn?: readonly string[]
    }
  /** The protocol does not allow the message now. */
  | { readonly kind: 'rejected'; readonly state: StoredState }
  /** The protocol has ended. `now`: by a deadline that this message found overdue. */
  | { readonly kind: 'ended'; readonly state: StoredState; readonly now: boolean }
  /** Another message holds the connection, or one that this one depends on has not come. Nothing ran. */
  | { readonly kind: 'busy'; readonly retryAfterMs: number; readonly settled?: number }
  /** It depends on messages that cannot all have been sent. Nothing ran. */
  | { readonly kind: 'ahead'; readonly settled: number; readonly dep: number }
  /** The store did not answer. Nothing ran. */
  | { readonly kind: 'unavailable' }
  /** There is no such connection, or no longer. */
  | { readonly kind: 'gone' }
  /** The peer's token has expired. Nothing ran. */
  | { readonly kind: 'expired' }
  /** A message with this id was applied before. */
  | { readonly kind: 'duplicate' }
  /** Another message with this id was applied before. */
  | { readonly kind: 'reused' }
  /** The handler ran, but another one took over. Its output must be dropped. */
  | { readonly kind: 'fenced' }
  /** The handler ran, and nobody knows whether its commit was stored. */
  | { readonly kind: 'unknown' }
  /** The handler failed, or the machine did. The state is as it was. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The state was stored by another version of the machine. */
  | { readonly kind: 'outdated'; readonly stored: string | undefined }

/** A peer has no more messages on their way than this (protocol page of the manual). */
const MAX_AHEAD = 32
