import type { Memberships } from '../store/store.ts'
import type { StoreCase } from './case.ts'
import { expect, expectSame } from './expect.ts'
import {
  atOnce,
  awaitedLater,
  breath,
  channel,
  close,
  joiner,
  membersFrom,
  membersOf,
  membersOfShard,
  pagesOf,
} from './made.ts'
import { crowd, expectMembers, MANY, shardedOf } from './sharded.ts'

/** What happens while a channel grows. */
export const growthCases: readonly StoreCase[] = [
  {
    claim: 'whoever joins twice at once while the channel grows is in it, and leaving takes all of it',
    check: async (store) => {
      const { join, leave, has } = store.memberships
      const given = channel()
      const joiners = await atOnce(MANY, () => joiner(store))
      const ids = joiners.map(({ id }) => id)
      const growing = awaitedLater(growAll(shardedOf(store).grow, given, 16))
      const joined = await Promise.all(ids.flatMap((id) => [join(id, given), join(id, given)]))
      await growing
      expect('join() of each', joined.includes(false), false)
      for (const id of ids) expect('has()', await has(id, given), true)
      // Two joins of one connection that race may leave it there twice.
      expectSame('members(), each once', [...new Set(await membersOf(store, given))], ids)
      await Promise.all(ids.map((id) => leave(id, given)))
      await expectMembers(store, given, [])
    },
  },
  {
    claim: 'whoever joins while a channel grows is in it once its join has returned, once',
    check: async (store) => {
      const given = channel()
      const early = await crowd(store, given, 10)
      await expectMembers(store, given, early)
      let isGrowing = true
      const growing = awaitedLater(
        growAll(shardedOf(store).grow, given, 16).finally(() => {
          isGrowing = false
        }),
      )
      const late = await crowd(store, given, 10)
      while (isGrowing) {
        await expectMembers(store, given, [...early, ...late])
        await breath()
      }
      await growing
      await expectMembers(store, given, [...early, ...late])
    },
  },
  {
    claim: 'who is a member from the first page to the last is on one of them, however the channel grows meanwhile',
    check: async (store) => {
      const { members, join } = store.memberships
      const { grow } = shardedOf(store)
      for (const [before, after] of [
        [1, 4],
        [4, 16],
      ] as const) {
        const given = channel()
        await grow(given, before)
        const ids = await crowd(store, given)
        const { connectionIds, cursor } = await members(given)
        await grow(given, after)
        await crowd(store, given)
        await Promise.all(ids.map((id) => join(id, given)))
        const all = [...connectionIds, ...(await membersFrom(store, given, cursor))]
        expectSame(
          'Who stayed, and was on no page',
          ids.filter((id) => !all.includes(id)),
          [],
        )
      }
    },
  },
  {
    claim: 'a page of one shard is followed by those of that shard, however the channel grows meanwhile',
    check: async (store) => {
      const { grow } = shardedOf(store)
      const given = channel()
      await grow(given, 2)
      await crowd(store, given, 40)
      const wanted = await membersOfShard(store, given, 1)
      const all: string[] = []
      let count = 2
      for await (const { connectionIds } of pagesOf(store, given, 1)) {
        all.push(...connectionIds)
        count = Math.min(1_024, count * 2)
        await grow(given, count)
      }
      expectSame('members() of shard 1', all, wanted)
    },
  },
  {
    claim: 'once a connection has closed and left, it is in no shard, whatever was joining and growing at the time',
    check: async (store) => {
      const { join, leave, channels, has } = store.memberships
      const { grow } = shardedOf(store)
      await atOnce(12, async (repetition) => {
        const { id, channel } = await joiner(store)
        if (repetition % 2 === 0) await join(id, channel)
        const racing = awaitedLater(Promise.all([grow(channel, 8), join(id, channel), join(id, channel)]))
        await close(store, id)
        for (const name of await channels(id)) await leave(id, name)
        await racing
        expect('has()', await has(id, channel), false)
        expectSame('channels()', await channels(id), [])
        await expectMembers(store, channel, [])
      })
    },
  },
]

/** Double it until it has so many. */
const growAll = async (grow: NonNullable<Memberships['grow']>, given: string, to: number) => {
  for (let count = 2; count <= to; count *= 2) await grow(given, count)
}
