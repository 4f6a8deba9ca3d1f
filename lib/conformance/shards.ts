import type { StoreCase } from './case.ts'
import { expect, expectSame } from './expect.ts'
import { growthCases } from './growth.ts'
import { channel, counted, joiner, membersOf, membersOfShard, pagesOf } from './made.ts'
import { byShard, crowd, expectMembers, shardedOf } from './sharded.ts'

export const shardCases: readonly StoreCase[] = [
  {
    claim: 'a channel has one shard until it grows, then at least so many, and never fewer again',
    check: async (store) => {
      const { shards, grow } = shardedOf(store)
      const given = channel()
      expect('shards() at first', await shards(given), 1)
      for (const [to, has] of [
        [1, 1],
        [4, 4],
        [2, 4],
        [1, 4],
        [16, 16],
      ] as const) {
        await grow(given, to)
        expect(`shards() after grow() to ${to}`, await shards(given), has)
      }
      expect('shards() of another channel', await shards(`${given}#1`), 1)
    },
  },
  {
    claim: 'a channel keeps its shards while nobody is in it',
    check: async (store) => {
      const { shards, grow } = shardedOf(store)
      const { id, channel } = await joiner(store)
      await grow(channel, 4)
      expectSame('members()', await membersOf(store, channel), [])
      await store.memberships.join(id, channel)
      await store.memberships.leave(id, channel)
      expect('shards()', await shards(channel), 4)
    },
  },
  {
    claim: 'a number of shards that is no power of two, or above 1,024, is refused',
    check: async (store) => {
      const { shards, grow } = shardedOf(store)
      const given = channel()
      for (const wrong of [0, -1, 3, 6, 1.5, 1_000, 2_048, Number.NaN, Number.POSITIVE_INFINITY])
        expect(
          `Whether grow() to ${wrong} rejects`,
          await grow(given, wrong).then(
            () => false,
            () => true,
          ),
          true,
        )
      expect('shards()', await shards(given), 1)
      await grow(given, 1_024)
      expect('shards() after grow() to 1,024', await shards(given), 1_024)
    },
  },
  {
    claim: 'who joins a channel of many shards is in one of them, and they are spread over them',
    check: async (store) => {
      const given = channel()
      await shardedOf(store).grow(given, 2)
      const ids = await crowd(store, given, 50)
      await expectMembers(store, given, ids)
      const sizes = (await byShard(store, given)).map(({ length }) => length)
      // By chance all fifty are in one of two shards once in 10 to the 14 times.
      expect('Whether each of two shards has some of fifty members', sizes.every((size) => size > 0) || sizes, true)
    },
  },
  {
    claim: 'a shard that is not there has no members, and no shard is a channel',
    check: async (store) => {
      const given = channel()
      await shardedOf(store).grow(given, 2)
      await crowd(store, given, 10)
      expectSame('members() of shard 2 of 2', await membersOfShard(store, given, 2), [])
      for (const name of [`${given}#0`, `${given}#1`, `${given}:1`])
        expectSame(`members() of ${JSON.stringify(name)}`, await membersOf(store, name), [])
    },
  },
  {
    claim: 'who was in a channel before it grew is in it after, and is found, and can leave',
    check: async (store) => {
      const { has, leave, channels } = store.memberships
      const given = channel()
      const ids = await crowd(store, given)
      await shardedOf(store).grow(given, 8)
      const more = await crowd(store, given)
      await expectMembers(store, given, [...ids, ...more])
      for (const id of [...ids, ...more]) {
        expect('has()', await has(id, given), true)
        expectSame('channels()', await channels(id), [given])
      }
      await Promise.all(ids.map((id) => leave(id, given)))
      await expectMembers(store, given, more)
      await Promise.all(more.map((id) => leave(id, given)))
      await expectMembers(store, given, [])
      for (const id of [...ids, ...more]) {
        expect('has() after leave()', await has(id, given), false)
        expectSame('channels() after leave()', await channels(id), [])
      }
    },
  },
  {
    claim: 'who joins again after the channel has grown is a member once, and leaving once is enough',
    check: async (store) => {
      const { join, leave } = store.memberships
      const { shards, grow } = shardedOf(store)
      const given = channel()
      const ids = await crowd(store, given)
      for (let count = 2; count <= 8; count *= 2) {
        await grow(given, count)
        expect('shards()', await shards(given), count)
        for (const id of ids) expect('join() again', await join(id, given), true)
        await expectMembers(store, given, ids)
      }
      await Promise.all(ids.map((id) => leave(id, given)))
      await expectMembers(store, given, [])
    },
  },
  {
    claim: 'a note is found after the channel has grown, and replaced where it is',
    check: async (store) => {
      const { join, note } = store.memberships
      if (!note) return
      const given = channel()
      const ids = await crowd(store, given, 10)
      for (const id of ids) await join(id, given, 'at 1')
      for (let count = 2; count <= 16; count *= 2) {
        await shardedOf(store).grow(given, count)
        for (const id of ids) {
          expect('note() after it has grown', await note(id, given), `at ${count / 2}`)
          await join(id, given, `at ${count}`)
          expect('note() after it joined again', await note(id, given), `at ${count}`)
        }
      }
      const notes: unknown[] = []
      for (let shard = 0; shard < 16; shard++)
        for await (const page of pagesOf(store, given, shard)) notes.push(...(page.notes ?? []))
      expect(
        'The notes of members() of all shards',
        notes,
        ids.map(() => 'at 16'),
      )
    },
  },
  {
    claim: 'a commit joins and leaves channels that have grown',
    check: async (store) => {
      const { commit } = store
      if (!commit) return
      const { grow } = shardedOf(store)
      const [old, young] = [channel(), channel()]
      const ids = await crowd(store, old, 12)
      for (const name of [old, young]) await grow(name, 8)
      const results = await Promise.all(ids.map((id) => commit(id, 1, counted(2, 1), { join: [young], leave: [old] })))
      expect(
        'commit() of each',
        results.every(({ ok }) => ok),
        true,
      )
      await expectMembers(store, old, [])
      await expectMembers(store, young, ids)
      await grow(young, 32)
      await Promise.all(ids.map((id) => commit(id, 2, counted(3, 2), { join: [old, young], leave: [] })))
      await expectMembers(store, old, ids)
      await expectMembers(store, young, ids)
    },
  },

  ...growthCases,
]
