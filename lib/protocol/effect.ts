import type { EventObject } from 'xstate'
import type { ConnectionRecord, MembershipChanges, StoredState } from '../store/store.ts'
import type { Action } from './machine.ts'

/**
 * The protocol engine, sans-IO: it decides, and `yield`s for every effect, so that the code that runs on Lambda is the
 * code that an explorer walks through all its interleavings. A driver performs each effect and answers it.
 */
export type Engine<Result> = Generator<Effect, Result, Answer>

/** `of` names another connection than the engine's own. */
export type Effect =
  | { readonly op: 'read'; readonly of?: string }
  | {
      readonly op: 'replace'
      readonly of?: string
      readonly version: number
      readonly next: ConnectionRecord
      /** Stored with the record, all or nothing, where the store can. */
      readonly changes?: MembershipChanges
    }
  | { readonly op: 'wait'; readonly ms: number }
  /** Run what the machine does besides: the state that it belongs to is stored. */
  | { readonly op: 'act'; readonly actions: readonly Action[] }
  /** Run the handler. Nothing that it sends may leave before the engine has returned when `exclusive`. */
  | {
      readonly op: 'run'
      readonly state: StoredState
      readonly exclusive: boolean
      /** The first connection of a row of resumed ones. */
      readonly session?: string
    }
  | { readonly op: 'channels'; readonly of?: string }
  | { readonly op: 'join'; readonly channel: string }
  | { readonly op: 'leave'; readonly of?: string; readonly channel: string }

export interface Answer {
  /** Epoch milliseconds at which the effect was done. */
  readonly now: number
  /** `read`: what is stored; `replace` that lost: what was stored instead. */
  readonly record?: ConnectionRecord | undefined
  /** `replace`, `join`: whether it was applied. */
  readonly applied?: boolean
  /** The store did not answer. A write may have been applied or not. */
  readonly failed?: boolean
  /** `run`: what came of the handler. */
  readonly handled?: Handled | undefined
  /** `channels`: those that the connection is in. */
  readonly channels?: readonly string[]
}

export type Handled =
  | {
      readonly ok: true
      readonly raised: readonly EventObject[]
      /** Stored with the commit. */
      readonly changes?: MembershipChanges
      /** Stored with the commit: what is kept of the connection besides the state. */
      readonly kept?: Kept | undefined
      /** Channels to join where the store cannot do so with the commit. */
      readonly joins?: readonly string[]
    }
  | { readonly ok: false; readonly error: unknown }

/** What handlers keep of a connection. */
export type Kept = Pick<ConnectionRecord, 'data' | 'user' | 'expiresAt' | 'askAt'>

/** What a look at the store showed. */
export type Seen = Pick<Answer, 'now' | 'record' | 'failed'>

/** Look at a record: one's own, or that of another connection. */
export function* read(of?: string): Engine<Seen> {
  return yield { op: 'read', ...(of !== undefined && { of }) }
}

/** A compare-and-set that survives a lost answer: `mine` recognises our own write in the record that beat it. */
export function* replace(
  version: number,
  next: ConnectionRecord,
  mine: (current: ConnectionRecord) => boolean,
  { of, changes }: { readonly of?: string | undefined; readonly changes?: MembershipChanges | undefined } = {},
): Engine<Seen & { readonly result: 'ok' | 'conflict' | 'unknown' }> {
  for (let attempt = 0; ; attempt++) {
    const { applied, failed, record, now } = yield {
      op: 'replace',
      version,
      next,
      ...(of !== undefined && { of }),
      ...(changes && { changes }),
    }
    if (applied) return { result: 'ok', now }
    if (!failed) return { result: record && mine(record) ? 'ok' : 'conflict', now, record }
    if (attempt === REPEATS) return { result: 'unknown', now }
  }
}

/** A write whose answer was lost is asked for again this often before it counts as unknown. */
const REPEATS = 2
