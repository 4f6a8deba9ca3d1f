import { presenceChannel, userChannel } from '../store/own-channels.ts'
import type { Memberships } from '../store/store.ts'
import { membersOf } from './members.ts'

/** What a connection that is present in a channel says of itself. It is the note of its membership in who is present. */
export interface Noted {
  /** The user, or the connection where nobody was identified. */
  readonly key: string
  readonly meta: unknown
  /** Since when, in epoch milliseconds; later than what the user's other connections had said by then. */
  readonly at: number
}

/** A user with all of its connections that are present, or one connection that is nobody's. */
export interface Presence {
  readonly key: string
  /** What was said last. */
  readonly meta: unknown
  readonly connections: number
}

/** The connections by which one user is present, and what each says. */
export type Seats = ReadonlyMap<string, Noted>

export const noteOf = ({ key, meta, at }: Noted): string => JSON.stringify({ k: key, m: meta, a: at })

/** What one connection says of itself. `undefined` where it is not present. */
export const notedBy = async (
  { note }: Memberships,
  channel: string,
  connectionId: string,
): Promise<Noted | undefined> => {
  const text = await note?.(connectionId, presenceChannel(channel))
  return text === undefined ? undefined : read(text)
}

/** The connections by which a user is present. Reads the user's own, however many are in the channel. */
export const seatsOf = async (memberships: Memberships, channel: string, key: string): Promise<Seats> => {
  // The key may be a connection's as well as a user's; nobody has to remember which.
  const ids = new Set([key])
  for await (const id of membersOf(memberships, userChannel(key))) ids.add(id)
  const seats = new Map<string, Noted>()
  const rest = [...ids]
  while (rest.length > 0) {
    const some = rest.splice(0, AT_ONCE)
    const notes = await Promise.all(some.map((id) => notedBy(memberships, channel, id)))
    for (const [index, noted] of notes.entries()) if (noted?.key === key) seats.set(some[index] ?? '', noted)
  }
  return seats
}

/** What was said last is what holds. Of the same instant the greater id's: any rule does that all follow. */
export const latestOf = (seats: Seats): Noted | undefined => {
  let last: readonly [string, Noted] | undefined
  for (const seat of seats) if (!last || isLater(seat, last)) last = seat
  return last?.[1]
}

/** Whoever is present. A note that cannot be read is left out; the first one is an error in the log. */
export const listOf = async (memberships: Memberships, channel: string): Promise<Presence[]> => {
  const all = new Map<string, Map<string, Noted>>()
  for await (const [id, noted] of notesOf(memberships, channel))
    all.set(noted.key, (all.get(noted.key) ?? new Map<string, Noted>()).set(id, noted))
  return [...all].map(([key, seats]) => ({ key, meta: latestOf(seats)?.meta, connections: seats.size }))
}

/** How many are present: as many as a list would have. */
export const countOf = async (memberships: Memberships, channel: string): Promise<number> => {
  const keys = new Set<string>()
  for await (const [, { key }] of notesOf(memberships, channel)) keys.add(key)
  return keys.size
}

/** Whether more connections than this are present. Reads no more than it takes to know. */
export const exceeds = async (memberships: Memberships, channel: string, max: number): Promise<boolean> => {
  let seen = 0
  for await (const _ of membersOf(memberships, presenceChannel(channel))) if (++seen > max) return true
  return false
}

const notesOf = async function* (memberships: Memberships, channel: string): AsyncGenerator<[string, Noted], void> {
  let cursor: string | undefined
  do {
    const page = await memberships.members(presenceChannel(channel), cursor)
    for (const [index, id] of page.connectionIds.entries()) {
      const noted = read(page.notes?.[index])
      if (noted) yield [id, noted]
      else complain(memberships, channel, id)
    }
    cursor = page.cursor
  } while (cursor !== undefined)
}

/** As whom somebody is present, by its note. */
export const keyIn = (note: string | undefined): string | undefined => read(note)?.key

const read = (text: string | undefined): Noted | undefined => {
  try {
    const { k: key, m: meta, a: at } = Object(JSON.parse(text ?? ''))
    return typeof key === 'string' && Number.isFinite(at) ? { key, meta, at } : undefined
  } catch {
    return undefined
  }
}

const complain = (memberships: Memberships, channel: string, id: string) => {
  if (complained.has(memberships)) return
  complained.add(memberships)
  console.error(new Error(`What is noted of '${id}' in who is present in '${channel}' cannot be read. It is left out.`))
}

const complained = new WeakSet<Memberships>()

const isLater = ([id, { at }]: readonly [string, Noted], [otherId, other]: readonly [string, Noted]) =>
  at > other.at || (at === other.at && id > otherId)

/** Notes that are read at once. */
const AT_ONCE = 32
