import type { Closed, ConnectionRecord } from '../store/store.ts'
import { type Engine, read, replace } from './effect.ts'
import type { Outcome } from './engine.ts'
import type { Machine } from './machine.ts'
import { attempt, isOpen, type Open, origin, release } from './record.ts'

/**
 * Close the last connection of a row in the name of the new one, unless that has been done. Returns what it had, as this
 * version of the machine knows it: nothing is closed for a state that could not be read in its new place.
 */
export function* takeOver(
  machine: Machine,
  ask: Resuming,
  user: string | undefined,
  row: Taken['row'],
): Engine<Taken | Denied | Outcome> {
  const { self, token, key, windowMs } = ask
  const from = row.at(-1) ?? row[0]
  let seen = yield* read(from)
  for (let lost = 0; lost < 2; ) {
    const { record, failed, now } = seen
    if (failed) return { kind: 'unavailable' }
    if (!record || !isOpen(record)) return { kind: 'denied', reason: 'expired' }
    const { closed } = record
    const heir = closed?.to === self ? undefined : closed?.to
    if (heir !== undefined && (key === undefined || closed?.key !== key)) return { kind: 'denied', reason: 'used' }
    if (user !== undefined && record.user !== undefined && record.user !== user)
      return { kind: 'denied', reason: 'foreign' }
    const had = attempt(() => known(machine, record, now))
    if ('kind' in had) return had
    if (closed?.to === self) return { had, row }
    if (closed && now - closed.at > windowMs) return { kind: 'denied', reason: 'expired' }
    if (record.state.done) return { kind: 'denied', reason: 'ended' }
    if (heir !== undefined) {
      const found = yield* pass(ask, record, heir)
      if (found === 'follow') return yield* takeOver(machine, ask, user, [...row, heir])
      if (found !== 'nothing') return found
    }
    const { claim: _, ...rest } = record
    const gone: Closed = closed ?? { by: 'gone', token, at: now }
    const next: Open = { ...rest, version: record.version + 1, closed: { ...gone, to: self, ...(key && { key }) } }
    const stored = yield* replace(record.version, next, (current) => current.closed?.to === self, { of: from })
    if (stored.result === 'ok') return { had, row }
    if (stored.result === 'unknown') lost++
    seen = stored.result === 'unknown' ? yield* read(from) : stored
  }
  return { kind: 'unknown' }
}

/**
 * Look at the heir on which the peer had no answer: it has taken over, or has nothing and gets nothing any more, since it
 * is closed.
 */
function* pass(
  { from, self, token, key }: Resuming,
  old: Open,
  heir: string,
): Engine<'follow' | 'nothing' | Denied | Outcome> {
  let seen = yield* read(heir)
  for (let lost = 0; lost < 2; ) {
    const { record, failed, now } = seen
    if (failed) return { kind: 'unavailable' }
    if (record && tookOver(record) === from)
      return `${record.done}` === `${old.done}` ? 'follow' : { kind: 'denied', reason: 'used' }
    if (!record || record.closed) return 'nothing'
    const { claim: _, ...rest } = record
    const closed: Closed = { by: 'gone', token, at: now, to: self, ...(key && { key }) }
    const next = { ...rest, version: record.version + 1, closed }
    const stored = yield* replace(record.version, next, (current) => current.closed?.token === token, { of: heir })
    if (stored.result === 'ok') return 'nothing'
    if (stored.result === 'unknown') lost++
    seen = stored.result === 'unknown' ? yield* read(heir) : stored
  }
  return { kind: 'unknown' }
}

/** The connection whose token it has shown. */
export const tookOver = ({ resumed }: ConnectionRecord) => resumed?.shown ?? resumed?.from

const known = (machine: Machine, record: Open, now: number): Open | Outcome => {
  if (record.machine === machine.version) return record
  const moved = machine.migrate(origin(record), record.machine, now)
  return moved ? { ...release(record, moved), machine: machine.version } : { kind: 'outdated', stored: record.machine }
}

/** What is taken over, and the connections that had it, from the one whose token was shown to the last heir. */
export interface Taken {
  readonly had: Open
  readonly row: readonly [string, ...string[]]
}

/** One attempt to take over. */
export interface Resuming {
  /** The connection that had the token. */
  readonly from: string
  /** The connection that shows it. */
  readonly self: string
  /** This attempt, unlike any other. */
  readonly token: string
  /** What the peer shows beside the token, each time that it shows that one. */
  readonly key?: string | undefined
  /** How long after its end a connection can be taken over. */
  readonly windowMs: number
}

export interface Denied {
  readonly kind: 'denied'
  /**
   * The old connection is too long gone, was taken over before, has ended, or is another user's; or the new one has a
   * state of its own.
   */
  readonly reason: 'expired' | 'used' | 'ended' | 'foreign' | 'not-first'
}
