import type { ConnectionRecord } from '../store/store.ts'
import { type Engine, type Kept, replace, type Seen } from './effect.ts'
import type { Outcome, Policy } from './engine.ts'
import type { Machine } from './machine.ts'
import { attempt } from './record.ts'
import { stand, turnOf } from './stand.ts'

/**
 * Change what is kept of a connection besides its state. Waits for whoever holds it: a write in between would fence that
 * message. `change` is given the record as it is, and again where another write came first; it may want nothing.
 */
export function* amend(
  machine: Machine,
  change: (record: ConnectionRecord) => Kept | undefined,
  mark: string,
  policy: Policy,
): Engine<Outcome | { readonly kind: 'amended'; readonly record: ConnectionRecord }> {
  const turn = turnOf(machine, policy)
  let seen: Seen | undefined
  for (;;) {
    const ready = yield* stand(turn, seen)
    if ('kind' in ready) return ready
    const { record } = ready
    const kept = attempt(() => change(record))
    if (!kept) return { kind: 'amended', record }
    if ('kind' in kept) return kept
    const next = { ...record, ...kept, mark, version: record.version + 1 }
    const stored = yield* replace(record.version, next, (current) => current.mark === mark)
    if (stored.result === 'unknown') return { kind: 'unknown' }
    if (stored.result === 'ok') return { kind: 'amended', record: next }
    seen = stored
  }
}
