import * as assert from 'node:assert/strict'
import type { Store } from 'ws-interlock'
import { makeId } from 'ws-interlock/testing'
import type { Case } from './cases.ts'
import { CLOSED, record } from './record.ts'

const membersOf = async ({ memberships }: Store, channel: string) => {
  const all: string[] = []
  let cursor: string | undefined
  do {
    const page = await memberships.members(channel, cursor)
    all.push(...page.connectionIds)
    cursor = page.cursor
  } while (cursor !== undefined)
  return all.sort()
}

/** A connection that is there, and a channel that nobody is in. */
const joiner = async ({ records }: Store) => {
  const id = makeId()
  await records.create(id, record())
  return { id, channel: `channel ${makeId()}` }
}

export const membershipCases: readonly Case[] = [
  {
    claim: 'who joins is a member, and nobody else is',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      assert.equal(await store.memberships.join(id, channel), true)
      assert.equal(await store.memberships.has(id, channel), true)
      assert.equal(await store.memberships.has(makeId(), channel), false)
      assert.equal(await store.memberships.has(id, `${channel}!`), false)
      assert.deepEqual(await membersOf(store, channel), [id])
    },
  },
  {
    claim: 'who joins twice is a member once, and who leaves once is gone',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      await store.memberships.join(id, channel)
      assert.equal(await store.memberships.join(id, channel), true)
      assert.deepEqual(await membersOf(store, channel), [id])
      await store.memberships.leave(id, channel)
      assert.deepEqual(await membersOf(store, channel), [])
    },
  },
  {
    claim: 'a connection without a record cannot join',
    check: async (store) => {
      const [id, channel] = [makeId(), makeId()]
      assert.equal(await store.memberships.join(id, channel), false)
      assert.equal(await store.memberships.has(id, channel), false)
    },
  },
  {
    claim: 'a connection that is closed cannot join',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      await store.records.replace(id, 1, record({ version: 2, closed: CLOSED }))
      assert.equal(await store.memberships.join(id, channel), false)
      assert.deepEqual(await membersOf(store, channel), [])
    },
  },
  {
    claim: 'a connection whose time is over cannot join',
    check: async (store) => {
      const id = makeId()
      await store.records.create(id, record({ ttl: 1 }))
      assert.equal(await store.memberships.join(id, id), false)
    },
  },
  {
    claim: 'a channel has the members that joined it, however many',
    check: async (store) => {
      const channel = makeId()
      const all = await Promise.all(Array.from({ length: 60 }, () => joiner(store)))
      for (const { id } of all) await store.memberships.join(id, channel)
      assert.deepEqual(await membersOf(store, channel), all.map(({ id }) => id).sort())
    },
  },
  {
    claim: 'leaving twice, or without having joined, is no mistake',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      await store.memberships.leave(id, channel)
      await store.memberships.join(id, channel)
      await store.memberships.leave(id, channel)
      await store.memberships.leave(id, channel)
      assert.equal(await store.memberships.has(id, channel), false)
    },
  },
  {
    claim: "leaving every channel, once or twice, ends one's own memberships and nobody else's",
    check: async (store) => {
      const [one, other] = [await joiner(store), await joiner(store)]
      for (const channel of [one.channel, other.channel]) {
        await store.memberships.join(one.id, channel)
        await store.memberships.join(other.id, channel)
      }
      await store.memberships.leaveAll(one.id)
      await store.memberships.leaveAll(one.id)
      assert.deepEqual(await membersOf(store, one.channel), [other.id])
      assert.deepEqual(await membersOf(store, other.channel), [other.id])
    },
  },
  {
    claim: 'who has left every channel can join again',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      await store.memberships.join(id, channel)
      await store.memberships.leaveAll(id)
      assert.equal(await store.memberships.join(id, channel), true)
      assert.deepEqual(await membersOf(store, channel), [id])
    },
  },
  {
    claim: 'the name of a channel may hold any printable character',
    check: async (store) => {
      const { id } = await joiner(store)
      for (const name of ['a:b', 'C#x', '__proto__', '{x}', 'é🙂', ' ']) {
        const channel = `${name}${id}`
        await store.memberships.join(id, channel)
        assert.deepEqual(await membersOf(store, channel), [id])
      }
    },
  },
]
