import type { Outbox } from '../gateway/outbox.ts'
import type { Kept } from '../protocol/effect.ts'
import { MAX_CHANGES, type MembershipChanges } from '../store/store.ts'

/** What each message under a claim wants its connection to be a member of, or not to be, as of its commit. */
const wishes = new WeakMap<Outbox, Map<string, boolean>>()

/** Want to be a member of a channel, or none. The last word counts. Throws a RangeError for more than can be stored. */
export const want = (box: Outbox, channel: string, member: boolean): void => {
  const wanted = wishes.get(box) ?? new Map<string, boolean>()
  if (!wanted.has(channel) && wanted.size === MAX_CHANGES)
    throw new RangeError(`One message joins or leaves at most ${MAX_CHANGES} channels: they are stored with its state.`)
  wishes.set(box, wanted.set(channel, member))
}

/** Whether the connection will be a member, where the message has said so. */
export const wants = (box: Outbox, channel: string): boolean | undefined => wishes.get(box)?.get(channel)

/** What each message under a claim, or handshake, wants to be kept of its connection. */
const keeps = new WeakMap<Outbox, Kept>()

export const keep = (box: Outbox, more: Kept): void => void keeps.set(box, { ...keeps.get(box), ...more })
export const kept = (box: Outbox): Kept | undefined => keeps.get(box)

/** What is to be stored with the state. */
export const changesOf = (box: Outbox): MembershipChanges | undefined => {
  const wanted = wishes.get(box)
  if (!wanted) return undefined
  const channels = (member: boolean) => [...wanted].flatMap(([channel, wish]) => (wish === member ? [channel] : []))
  return { join: channels(true), leave: channels(false) }
}
