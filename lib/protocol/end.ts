import { UnavailableError } from '../errors.ts'
import type { Closed, ConnectionRecord } from '../store/store.ts'
import { type Engine, read, replace } from './effect.ts'

/** What the end of a connection came to. */
export interface Ended {
  /** False when the connection was closed by the same event before. */
  readonly first: boolean
  readonly record: ConnectionRecord | undefined
  /** The channels that it was in. */
  readonly channels: readonly string[]
  /** It is closed, and the store did not answer when its memberships were to end. The next farewell ends them. */
  readonly untidy?: UnavailableError
}

/**
 * Part with a connection. The tombstone comes first: it fences whatever is still running, and no join can slip in behind
 * the clean-up. Then its memberships end.
 *
 * `keep` notes the channels in the tombstone before that, for a connection that takes over, or is about to.
 */
export function* end(closed: Closed, keep: boolean): Engine<Ended> {
  const ended = yield* bury(closed)
  const left: string[] = []
  const isTidy = yield* leaveAll(keep, left)
  const done = { ...ended, channels: left }
  return isTidy ? done : { ...done, untidy: unavailable('Memberships of it are left to the next farewell.') }
}

/** End its memberships, and say which. `false` where the store did not answer. */
function* leaveAll(keep: boolean, done: string[]): Engine<boolean> {
  const { channels = [], failed } = yield { op: 'channels' }
  if (failed || (keep && channels.length > 0 && !(yield* note(channels)))) return false
  for (const channel of channels) {
    const left = yield { op: 'leave', channel }
    if (left.failed) return false
    done.push(channel)
  }
  return true
}

/**
 * Write the tombstone. It does not wait for a claim: whoever holds one is fenced by it.
 *
 * A tombstone that a 410 left is written over by `$disconnect`, so that its handler runs.
 */
function* bury(closed: Closed): Engine<Omit<Ended, 'channels'>> {
  let seen = yield* read()
  for (let lost = 0; ; ) {
    const { record } = seen
    if (seen.failed || lost > 1) throw unavailable('The connection is not marked as closed.')
    if (!record || record.closed?.token === closed.token) return { first: true, record }
    if (record.closed?.by === 'disconnect' || record.closed?.by === closed.by) return { first: false, record }
    const { claim: _, ...rest } = record
    // The time of the first end stays: a successor's window counts from there.
    const next = {
      ...rest,
      version: record.version + 1,
      closed: { ...record.closed, ...closed, at: record.closed?.at ?? closed.at },
    }
    const stored = yield* replace(record.version, next, (current) => current.closed?.token === closed.token)
    if (stored.result === 'ok') return { first: true, record }
    if (stored.result === 'unknown') lost++
    seen = stored.result === 'unknown' ? yield* read() : stored
  }
}

/** Keep the channels in the tombstone. `false` where the store did not answer. */
function* note(channels: readonly string[]): Engine<boolean> {
  let seen = yield* read()
  for (let lost = 0; ; ) {
    const { record } = seen
    if (seen.failed || lost > 1) return false
    if (!record?.closed) return true
    const all = [...new Set([...(record.closed.channels ?? []), ...channels])]
    const next = { ...record, version: record.version + 1, closed: { ...record.closed, channels: all } }
    const stored = yield* replace(record.version, next, () => false)
    if (stored.result === 'ok') return true
    if (stored.result === 'unknown') lost++
    seen = stored.result === 'unknown' ? yield* read() : stored
  }
}

const unavailable = (what: string) => new UnavailableError(`The store did not answer. ${what}`)
