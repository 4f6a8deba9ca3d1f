import * as assert from 'node:assert/strict'
import type { Store } from 'ws-interlock'
import { makeId } from 'ws-interlock/testing'

/** What every store must do. Each case takes ids of its own, so that a store may be shared and need not be empty. */
export interface Case {
  readonly claim: string
  readonly check: (store: Store) => Promise<void>
}

type Stored = Parameters<Store['records']['create']>[1]

/** Read within the next two hours. */
const later = () => Math.ceil(Date.now() / 1000) + 7_200
const record = (more: Partial<Stored> = {}): Stored => ({ version: 1, connectedAt: 1, ttl: later(), ...more })
const CLOSED = { by: 'disconnect', token: 'over' } as const

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

export const recordCases: readonly Case[] = [
  {
    claim: 'a record is created only where there is none',
    check: async ({ records }) => {
      const id = makeId()
      assert.equal(await records.create(id, record()), true)
      assert.equal(await records.create(id, record({ version: 5 })), false)
      assert.equal((await records.read(id))?.version, 1)
    },
  },
  {
    claim: 'a tombstone is a record too: nothing is created over it',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record({ closed: CLOSED }))
      assert.equal(await records.create(id, record()), false)
      assert.deepEqual((await records.read(id))?.closed, CLOSED)
    },
  },
  {
    claim: 'what was never created is not there',
    check: async ({ records }) => assert.equal(await records.read(makeId()), undefined),
  },
  {
    claim: 'a record is read as it was written, whatever it carries',
    check: async ({ records }) => {
      const id = makeId()
      const full = record({
        state: {
          value: { a: 'b' },
          context: { text: 'é 🙂 "', list: [1, null, [], {}], deep: { empty: '' } },
          done: true,
        },
        machine: 'chat@1',
        claim: { token: 't', deadline: 1.5e12, event: 'join' },
        due: [{ event: 'late', at: 2, id: 'alarm', payload: { n: 1 } }],
        done: [{ id: '', token: 't' }],
        closed: CLOSED,
      })
      await records.create(id, full)
      assert.deepEqual(await records.read(id), full)
    },
  },
  {
    claim: 'a write is read back at once',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record())
      for (let version = 1; version < 5; version++) {
        assert.deepEqual(await records.replace(id, version, record({ version: version + 1 })), { ok: true })
        assert.equal((await records.read(id))?.version, version + 1)
      }
    },
  },
  {
    claim: 'a record is replaced whole: what the next one lacks is gone',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record({ claim: { token: 't', deadline: 1, event: 'e' } }))
      const next = record({ version: 2 })
      await records.replace(id, 1, next)
      assert.deepEqual(await records.read(id), next)
    },
  },
  {
    claim: 'a record of another version is not replaced, and is handed back',
    check: async ({ records }) => {
      const id = makeId()
      const stored = record({ version: 3, machine: 'chat@1' })
      await records.create(id, stored)
      for (const version of [2, 4])
        assert.deepEqual(await records.replace(id, version, record({ version: 9 })), { ok: false, current: stored })
      assert.deepEqual(await records.read(id), stored)
    },
  },
  {
    claim: 'where there is no record nothing is replaced',
    check: async ({ records }) => {
      const id = makeId()
      const result = await records.replace(id, 1, record({ version: 2 }))
      assert.equal(result.ok, false)
      assert.equal(!result.ok && result.current, undefined)
      assert.equal(await records.read(id), undefined)
    },
  },
  {
    claim: 'of many who replace one version, one does',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record())
      const tries = Array.from({ length: 10 }, () => records.replace(id, 1, record({ version: 2 })))
      assert.equal((await Promise.all(tries)).filter(({ ok }) => ok).length, 1)
    },
  },
  {
    claim: 'a stored record does not change with the object that it was written from or read into',
    check: async ({ records }) => {
      const id = makeId()
      const context = { n: 1 }
      const given = record({ state: { value: 'a', context } })
      await records.create(id, given)
      context.n = 2
      const read = (await records.read(id)) as { state: { context: { n: number } } }
      assert.equal(read.state.context.n, 1)
      read.state.context.n = 3
      assert.deepEqual((await records.read(id))?.state?.context, { n: 1 })
    },
  },
  {
    claim: 'a record is not read after its time',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record({ ttl: 1 }))
      assert.equal(await records.read(id), undefined)
      assert.equal((await records.replace(id, 1, record({ version: 2 }))).ok, false)
    },
  },
]

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

export const storeCases: readonly Case[] = [...recordCases, ...membershipCases]
