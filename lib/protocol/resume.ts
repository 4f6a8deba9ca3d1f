import { presentIn } from '../store/own-channels.ts'
import type { ConnectionRecord } from '../store/store.ts'
import { letGo } from './commit.ts'
import { type Engine, read, replace, type Seen } from './effect.ts'
import type { Outcome, Policy } from './engine.ts'
import type { Machine } from './machine.ts'
import type { Open } from './record.ts'
import { stand, turnOf } from './stand.ts'
import { type Denied, type Resuming, type Taken, takeOver, tookOver } from './take-over.ts'

export type { Denied } from './take-over.ts'

/**
 * Take over what another connection had: its state with its deadlines, what it remembers, and its memberships.
 *
 * Two records and no transaction. The new one is claimed, so that no message of its own comes in between. The old one is
 * closed, which fences whoever still works for it and spends the token, and names the connection that may go on. Then the
 * state is written into the new one, which stays claimed until the memberships have moved: a message that leaves a channel
 * must not be followed by a join. A function that dies in between has lost nothing: the same connection asks again, once
 * that function's time is over, and goes on from there; no other one can.
 *
 * But the answer may be lost with the new connection, and its peer has no other token than the one that is spent. So a peer
 * may show a key beside it, which is kept with the name of the heir: whoever shows both again is the same peer, and goes on
 * from that heir, or in its place where that has nothing yet; unless a message was committed there, for then the answer
 * has come.
 */
export function* resume(machine: Machine, ask: Resuming, policy: Policy): Engine<Resumed | Denied | Outcome> {
  if (ask.from === ask.self) return { kind: 'denied', reason: 'used' }
  const turn = turnOf(machine, policy, undefined, true)
  let seen: Seen | undefined
  for (;;) {
    const ready = yield* stand(turn, seen)
    if ('kind' in ready) return ready
    const { record, now } = ready
    const again = tookOver(record) === ask.from
    // What this connection has earned by itself would be lost.
    if (!again && (record.resumed || record.done)) return { kind: 'denied', reason: 'not-first' }
    if (again && record.claim?.event !== MOVING) return yield* moved(record, ask.from)

    // Before anything is taken: no message of this connection may come in between.
    const claim = { token: ask.token, deadline: policy.deadline(now), event: MOVING }
    const claimed: Open = { ...record, version: record.version + 1, claim }
    const stored = yield* replace(record.version, claimed, (current) => current.claim?.token === ask.token)
    if (stored.result === 'unknown') return { kind: 'unknown' }
    if (stored.result === 'conflict') {
      seen = stored
      continue
    }
    const old = yield* takeOver(machine, ask, record.user, [ask.from])
    if (!('kind' in old)) return yield* succeed(claimed, old, ask, again)
    if (!again) yield* replace(claimed.version, unclaimed(claimed), () => false)
    return old
  }
}

/** Write what the old connection had into the new one, and have its memberships move. */
function* succeed(
  claimed: Open,
  { had, row }: Taken,
  { from, token }: Resuming,
  again: boolean,
): Engine<Resumed | Outcome> {
  const having = yield* channelsOf(row)
  if (!having) return { kind: 'unknown' }
  const { channels, open } = having
  const next: Open = { ...(again ? claimed : heirOf(claimed, had, row, from)), version: claimed.version + 1 }
  const written = channels.length > 0 ? next : { ...unclaimed(next), version: next.version }
  const isOurs = ({ version, closed, resumed }: ConnectionRecord) =>
    version === written.version && !closed && resumed?.from === written.resumed?.from
  const stored = yield* replace(claimed.version, written, isOurs)
  if (stored.result !== 'ok') return { kind: stored.result === 'unknown' ? 'unknown' : 'gone' }
  if (channels.length === 0) return { kind: 'resumed', record: written, open }
  const moving = yield* move(channels, row)
  if (moving) return { kind: moving }
  const { record } = yield* letGo({ ...unclaimed(next), version: next.version }, channels, token)
  return { kind: 'resumed', record, open }
}

/** It has taken over before, and moved, or others have gone on from there. */
function* moved(record: Open, from: string): Engine<Resumed | Outcome> {
  const having = yield* channelsOf([from])
  return having ? { kind: 'resumed', record, open: having.open } : { kind: 'unknown' }
}

const unclaimed = ({ claim: _, ...rest }: Open): Open => ({ ...rest, version: rest.version + 1 })

/** The claim of a connection whose memberships are on their way to it. */
const MOVING = '$resume'

/**
 * The channels of the old connection and of heirs that were lost, and whether nobody has heard of the end of the old one.
 * The memberships are read first: whoever ends them has noted them in the tombstone before. And those of the old one
 * before those of its heir, to which they may be on their way.
 */
function* channelsOf(
  row: readonly string[],
): Engine<{ readonly channels: readonly string[]; readonly open: boolean } | undefined> {
  const all = new Set<string>()
  let open = false
  for (const of of row) {
    const { channels = [], failed } = yield { op: 'channels', of }
    const { record, failed: unread } = yield* read(of)
    if (failed || unread) return undefined
    // Not its presence, which comes with what is said of it: whoever goes on says it again.
    for (const channel of [...(record?.closed?.channels ?? []), ...channels]) if (!presentIn(channel)) all.add(channel)
    if (of === row[0]) open = record?.closed?.by === 'gone'
  }
  return { channels: [...all], open }
}

/** Move the memberships, under the claim. When one fails the claim stays: that join may still be on its way. */
function* move(channels: readonly string[], row: readonly string[]): Engine<'unknown' | 'gone' | undefined> {
  for (const channel of channels) {
    const joined = yield { op: 'join', channel }
    if (joined.failed) return 'unknown'
    // It has ended meanwhile, and the channel is left to whoever goes on from there.
    if (joined.applied === false) return 'gone'
    for (const of of row) {
      const left = yield { op: 'leave', of, channel }
      if (left.failed) return 'unknown'
    }
  }
  return undefined
}

/** The new connection's record, with what the old one had. */
const heirOf = (
  record: Open,
  { state, machine, due, done, settled, resumed, data, user, expiresAt, askAt }: Open,
  row: Taken['row'],
  shown: string,
): Open => {
  const { due: _, ...rest } = record
  const from = row.at(-1) ?? shown
  return {
    ...(data !== undefined && { data }),
    ...(user !== undefined && { user }),
    // As one: a time to ask belongs to the end that it was made for.
    ...(record.expiresAt === undefined && expiresAt !== undefined && { expiresAt, askAt }),
    ...rest,
    state,
    ...(machine !== undefined && { machine }),
    ...(due && { due }),
    ...(done && { done }),
    ...(settled !== undefined && { settled }),
    resumed: { from, session: resumed?.session ?? from, ...(from !== shown && { shown }) },
  }
}

export interface Resumed {
  readonly kind: 'resumed'
  /** What the connection has now. */
  readonly record: Open
  /** Nobody has heard of the old connection's end. */
  readonly open: boolean
}
