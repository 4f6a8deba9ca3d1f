import type { EventObject } from 'xstate'
import type { ConnectionRecord, StoredState } from '../store/store.ts'
import type { Action } from './machine.ts'

/**
 * The protocol engine, sans-IO: it decides, and `yield`s for every effect, so that the code that runs on Lambda is the
 * code that an explorer can walk through all its interleavings. A driver performs each effect and answers it.
 */
export type Engine<Result> = Generator<Effect, Result, Answer>

export type Effect =
  | { readonly op: 'read' }
  | { readonly op: 'replace'; readonly version: number; readonly next: ConnectionRecord }
  | { readonly op: 'wait'; readonly ms: number }
  /** Run what the machine does besides: the state that it belongs to is stored. */
  | { readonly op: 'act'; readonly actions: readonly Action[] }
  /** Run the handler. Nothing that it sends may leave before the engine has returned when `exclusive`. */
  | { readonly op: 'run'; readonly state: StoredState; readonly exclusive: boolean }

export interface Answer {
  /** Epoch milliseconds at which the effect was done. */
  readonly now: number
  /** `read`: what is stored; `replace` that lost: what was stored instead. */
  readonly record?: ConnectionRecord | undefined
  /** `replace`: whether it was applied. */
  readonly applied?: boolean
  /** The store did not answer. A write may have been applied or not. */
  readonly failed?: boolean
  /** `run`: what came of the handler. */
  readonly handled?: Handled
}

export type Handled =
  | { readonly ok: true; readonly raised: readonly EventObject[] }
  | { readonly ok: false; readonly error: unknown }

/** What a look at the store showed. */
export type Seen = Pick<Answer, 'now' | 'record' | 'failed'>

export function* read(): Engine<Seen> {
  return yield { op: 'read' }
}

/** A compare-and-set that survives a lost answer: `mine` recognises our own write in the record that beat it. */
export function* replace(
  version: number,
  next: ConnectionRecord,
  mine: (current: ConnectionRecord) => boolean,
): Engine<Seen & { readonly result: 'ok' | 'conflict' | 'unknown' }> {
  for (let attempt = 0; ; attempt++) {
    const { applied, failed, record, now } = yield { op: 'replace', version, next }
    if (applied) return { result: 'ok', now }
    if (!failed) return { result: record && mine(record) ? 'ok' : 'conflict', now, record }
    if (attempt === REPEATS) return { result: 'unknown', now }
  }
}

/** A write whose answer was lost is asked for again this often before it counts as unknown. */
const REPEATS = 2
