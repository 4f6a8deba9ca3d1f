import type { StorePorts } from '../store/store.ts'
import type { StoreCase } from './case.ts'
import { expect, expectSame } from './expect.ts'
import { atOnce, awaitedLater, channel, close, joiner, membersOf } from './made.ts'

/** How a race is run so often that somebody loses it. */
const REPETITIONS = 24
/** Of these channels that are joined at once the connection is closed after some. */
const JOINS = 5

export const raceCases: readonly StoreCase[] = [
  {
    claim: 'many who join one channel at once are all in it, and channels that one joins at once all have it',
    check: async (store) => {
      const all = await atOnce(8, () => joiner(store))
      const channels = all.map(({ channel }) => channel)
      const ids = all.map(({ id }) => id)
      await Promise.all(ids.flatMap((id) => channels.map((channel) => store.memberships.join(id, channel))))
      for (const { id, channel } of all) {
        expectSame('members()', await membersOf(store, channel), ids)
        expectSame('channels()', await store.memberships.channels(id), channels)
      }
    },
  },
  {
    claim: 'when a connection closes while it joins, it is a member of exactly what join() said yes to',
    check: async (store) => {
      await atOnce(REPETITIONS, async (repetition) => {
        const { id, joins, closed } = await closing(store, repetition)
        await closed
        const joined = await joins
        const members = [...joined].flatMap(([channel, yes]) => (yes ? [channel] : []))
        expectSame('channels()', await store.memberships.channels(id), members)
        for (const [channel, yes] of joined) {
          expect('has(), and what join() said', await store.memberships.has(id, channel), yes)
          expectSame('members()', await membersOf(store, channel), yes ? [id] : [])
        }
      })
    },
  },
  {
    claim:
      'once a connection has closed and left what it was in by then, it is in nothing, whatever was joining it still',
    check: async (store) => {
      await atOnce(REPETITIONS, async (repetition) => {
        const { id, joins, closed } = await closing(store, repetition)
        // As a disconnect does it: the tombstone first, then the channels that are there after it.
        await closed
        for (const channel of await store.memberships.channels(id)) await store.memberships.leave(id, channel)
        const joined = await joins
        for (const channel of joined.keys()) {
          expect('has()', await store.memberships.has(id, channel), false)
          expectSame('members()', await membersOf(store, channel), [])
        }
        expectSame('channels()', await store.memberships.channels(id), [])
      })
    },
  },
  {
    claim: 'who joins and leaves a channel at once is never in one that channels() does not know of',
    check: async (store) => {
      await atOnce(REPETITIONS, async (repetition) => {
        const { id, channel } = await joiner(store)
        const calls = [store.memberships.join, store.memberships.leave, store.memberships.join]
        const order = repetition % 2 === 0 ? calls : [...calls].reverse().slice(1)
        await Promise.all(order.map((call) => call(id, channel)))
        const known = (await store.memberships.channels(id)).includes(channel)
        if (known) return
        expect('has() of what channels() lacks', await store.memberships.has(id, channel), false)
        expectSame('members() of what channels() lacks', await membersOf(store, channel), [])
      })
    },
  },
]

/** A connection that joins some channels, all on their way, and is closed in between, now earlier and now later. */
const closing = async (store: StorePorts, repetition: number) => {
  const { id } = await joiner(store)
  const channels = Array.from({ length: JOINS }, channel)
  const join = async (channel: string) => [channel, await store.memberships.join(id, channel)] as const
  const turn = repetition % (JOINS + 1)
  const before = channels.slice(0, turn).map(join)
  const closed = close(store, id)
  const after = channels.slice(turn).map(join)
  const joins = awaitedLater(Promise.all([...before, ...after]).then((all) => new Map(all)))
  return { id, joins, closed: awaitedLater(closed) }
}
