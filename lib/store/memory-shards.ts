import { type Channel, newShard, PAGE, type Shard } from './memory-channel.ts'
import { needShards, type Place, pageOf, placeOf, type ShardPage, shardOf } from './shards.ts'
import type { MemberPage } from './store.ts'

/** Give a channel at least so many shards. */
export const growTo = (channel: Channel, shards: number): void => {
  needShards(shards)
  while (channel.shards.length < shards) channel.shards.push(newShard())
  channel.shardOf = (connectionId) => shardOf(connectionId, channel.shards.length)
}

/** One page of a channel, as `members()` is asked for it. Those whose time is over may not have been swept yet. */
export const membersIn = (
  channel: Channel | undefined,
  isThere: (connectionId: string) => unknown,
  cursor: string | undefined,
  shard: number | undefined,
): MemberPage => {
  const place = placeOf(cursor, shard)
  return pageOf(place, leavesOf(channel?.shards ?? [], place, isThere))
}

/** Whole leaves, as many as fit on a page. */
const leavesOf = (shards: readonly Shard[], place: Place, isThere: (connectionId: string) => unknown): ShardPage => {
  const connectionIds: string[] = []
  const notes: (string | undefined)[] = []
  const from = Number(place.from ?? 0)
  let room = PAGE
  let next: string | undefined
  let noted = false
  for (const { number, members } of shards[place.shard]?.leaves.values() ?? []) {
    if (number < from) continue
    room -= members.size
    if (room < 0) {
      next = String(number)
      break
    }
    for (const [connectionId, note] of members) {
      if (!isThere(connectionId)) continue
      connectionIds.push(connectionId)
      notes.push(note)
      noted ||= note !== undefined
    }
  }
  return { connectionIds, notes: noted ? notes : undefined, next, shards: shards.length }
}
