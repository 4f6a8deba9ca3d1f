import { makeId } from '../event/make.ts'
import type { StoreCase } from './case.ts'
import { expect, expectSame } from './expect.ts'
import { atOnce, CLOSED, channel, close, joiner, membersFrom, membersOf, PAST, record } from './made.ts'

export const membershipCases: readonly StoreCase[] = [
  {
    claim: 'who joins is a member, and nobody else is, nor of anything else',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      const { join, has, channels } = store.memberships
      expect('join()', await join(id, channel), true)
      expect('has() of who joined', await has(id, channel), true)
      expect('has() of somebody else', await has(makeId(), channel), false)
      expect('has() of another channel', await has(id, `${channel}!`), false)
      expectSame('members()', await membersOf(store, channel), [id])
      expectSame('channels()', await channels(id), [channel])
    },
  },
  {
    claim: 'a channel that nobody joined has no members, and a connection that joined nothing no channels',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      expectSame('members()', await membersOf(store, channel), [])
      expectSame('channels()', await store.memberships.channels(id), [])
      expectSame('channels() of who is not there', await store.memberships.channels(makeId()), [])
    },
  },
  {
    claim: 'who joins twice is a member once, and who leaves once is gone',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      await store.memberships.join(id, channel)
      expect('The second join()', await store.memberships.join(id, channel), true)
      expectSame('members()', await membersOf(store, channel), [id])
      expectSame('channels()', await store.memberships.channels(id), [channel])
      await store.memberships.leave(id, channel)
      expectSame('members() after leave()', await membersOf(store, channel), [])
      expectSame('channels() after leave()', await store.memberships.channels(id), [])
    },
  },
  {
    claim: 'who leaves a channel leaves no other, and nobody leaves with it',
    check: async (store) => {
      const [one, other] = [await joiner(store), await joiner(store)]
      const both = [one.channel, other.channel]
      for (const { id } of [one, other]) for (const channel of both) await store.memberships.join(id, channel)
      await store.memberships.leave(one.id, one.channel)
      expectSame('members() of what it left', await membersOf(store, one.channel), [other.id])
      expectSame('members() of the other channel', await membersOf(store, other.channel), [one.id, other.id])
      expectSame('Its own channels()', await store.memberships.channels(one.id), [other.channel])
      expectSame('The channels() of the other', await store.memberships.channels(other.id), both)
    },
  },
  {
    claim: 'leaving twice, or without having joined, is no mistake, and who left can join again',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      const { join, leave, has } = store.memberships
      await leave(id, channel)
      await join(id, channel)
      await leave(id, channel)
      await leave(id, channel)
      expect('has() after it left', await has(id, channel), false)
      expect('join() again', await join(id, channel), true)
      expectSame('members()', await membersOf(store, channel), [id])
    },
  },
  ...[
    { who: 'without a record', made: undefined },
    { who: 'whose time is over', made: () => record({ ttl: PAST }) },
    { who: 'that has disconnected', made: () => record({ closed: CLOSED }) },
    { who: 'that a post found gone', made: () => record({ closed: { ...CLOSED, by: 'gone' } }) },
  ].map(
    ({ who, made }): StoreCase => ({
      claim: `a connection ${who} cannot join`,
      check: async (store) => {
        const id = makeId()
        if (made) await store.records.create(id, made())
        const given = channel()
        expect('join()', await store.memberships.join(id, given), false)
        expect('has()', await store.memberships.has(id, given), false)
        expectSame('members()', await membersOf(store, given), [])
        expectSame('channels()', await store.memberships.channels(id), [])
      },
    }),
  ),
  {
    claim: 'a connection whose record was deleted cannot join',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      await store.records.delete(id)
      expect('join()', await store.memberships.join(id, channel), false)
      expectSame('members()', await membersOf(store, channel), [])
    },
  },
  {
    claim: 'a connection that has closed is in its channels until it leaves them, and can leave them',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      await store.memberships.join(id, channel)
      await close(store, id)
      expect('join() of the same channel again', await store.memberships.join(id, channel), false)
      expectSame('channels()', await store.memberships.channels(id), [channel])
      await store.memberships.leave(id, channel)
      expectSame('channels() after leave()', await store.memberships.channels(id), [])
      expectSame('members() after leave()', await membersOf(store, channel), [])
    },
  },
  {
    claim: 'a channel has the members that joined it, however many, each once',
    check: async (store) => {
      const given = channel()
      const ids = (await atOnce(MANY, () => joiner(store))).map(({ id }) => id)
      await Promise.all(ids.map((id) => store.memberships.join(id, given)))
      expectSame('members()', await membersOf(store, given), ids)
      const [first = '', ...rest] = ids
      await store.memberships.leave(first, given)
      expectSame('members() after one has left', await membersOf(store, given), rest)
    },
  },
  {
    claim: 'a connection is in the channels that it joined, however many, each once',
    check: async (store) => {
      const { id } = await joiner(store)
      const all = Array.from({ length: MANY }, channel)
      await Promise.all(all.map((channel) => store.memberships.join(id, channel)))
      expectSame('channels()', await store.memberships.channels(id), all)
    },
  },
  {
    claim: 'who is a member from the first page to the last is on one of them, whoever leaves meanwhile',
    check: async (store) => {
      const given = channel()
      const ids = (await atOnce(MANY, () => joiner(store))).map(({ id }) => id)
      await Promise.all(ids.map((id) => store.memberships.join(id, given)))
      const { connectionIds, cursor } = await store.memberships.members(given)
      const leaving = connectionIds.slice(0, MANY / 2)
      await Promise.all(leaving.map((id) => store.memberships.leave(id, given)))
      const seen = new Set([...connectionIds, ...(await membersFrom(store, given, cursor))])
      expectSame(
        'Who stayed and was on no page',
        ids.filter((id) => !leaving.includes(id) && !seen.has(id)),
        [],
      )
    },
  },
]

const MANY = 60
