import type { StorePorts } from '../store/store.ts'
import { expect, expectSame } from './expect.ts'
import { atOnce, joiner, membersOf, membersOfShard } from './made.ts'

export const shardedOf = ({ memberships: { shards, grow } }: StorePorts) => {
  if (!shards || !grow)
    throw new Error('This store has no shards and grow, and need not have them: these cases are for those that have.')
  return { shards, grow }
}

/** So many connections in a channel, at once. */
export const crowd = async (store: StorePorts, given: string, count = MANY) => {
  const ids = (await atOnce(count, () => joiner(store))).map(({ id }) => id)
  const joined = await Promise.all(ids.map((id) => store.memberships.join(id, given)))
  expect('join() of each', joined.includes(false), false)
  return ids
}

/** Everybody in each shard. */
export const byShard = async (store: StorePorts, given: string) =>
  atOnce(await shardedOf(store).shards(given), (shard) => membersOfShard(store, given, shard))

/** The channel has these members, all told and shard by shard. */
export const expectMembers = async (store: StorePorts, given: string, wanted: readonly string[]) => {
  expectSame('members()', await membersOf(store, given), wanted)
  expectSame('members() of all shards', (await byShard(store, given)).flat(), wanted)
}

export const MANY = 20
