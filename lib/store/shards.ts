import type { MemberPage } from './store.ts'

/** The shard of a channel into which a connection goes that is not in it yet. FNV-1a, its halves folded. */
export const shardOf = (connectionId: string, shards: number): number => {
  if (shards === 1) return 0
  let hash = 0x811c9dc5
  for (let index = 0; index < connectionId.length; index++)
    hash = Math.imul(hash ^ connectionId.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 16)) & (shards - 1)
}

/** Refuse a number of shards that is none. A power of two, so that a hash goes into one of them with each. */
export const needShards = (shards: number): void => {
  if (!(Number.isInteger(shards) && shards > 0 && shards <= MAX_SHARDS && (shards & (shards - 1)) === 0))
    throw new RangeError(`A channel has 1, 2, 4, 8 … ${MAX_SHARDS} shards, and not ${shards}.`)
}

/** A million members are 1,000 in each, which is a page. */
const MAX_SHARDS = 1_024

/** One page of one shard, and where the next one begins. With the first page of shard 0 comes the number of shards. */
export interface ShardPage extends Pick<MemberPage, 'connectionIds'> {
  readonly notes?: readonly (string | undefined)[] | undefined
  readonly next?: string | undefined
  readonly shards?: number | undefined
}

/** Where a page begins: in which shard, of how many, after what. */
export interface Place {
  readonly shard: number
  /** 0 where it is not known yet. Absent where no other shard is to be read. */
  readonly of?: number
  readonly from?: string | undefined
}

/** What `members(channel, cursor, shard)` is asked for. */
export const placeOf = (cursor: string | undefined, shard: number | undefined): Place => {
  if (shard !== undefined) return { shard, from: cursor }
  if (cursor === undefined) return START
  const [, at, of, from] = CURSOR.exec(cursor) ?? []
  return { shard: Number(at), of: Number(of), from: from || undefined }
}

/**
 * What `members()` answers. Without a shard it goes through all of them, one after the other.
 *
 * The number of shards is read no later than the first page, and goes along in the cursor: whoever was a member then is
 * in one of these shards, and stays there however the channel grows.
 */
export const pageOf = ({ shard, of }: Place, { connectionIds, notes, next, shards = of }: ShardPage): MemberPage => {
  const cursor = of === undefined ? next : onward(shard, shards ?? 0, next)
  if (cursor === undefined) return notes ? { connectionIds, notes } : { connectionIds }
  return notes ? { connectionIds, notes, cursor } : { connectionIds, cursor }
}

const onward = (shard: number, shards: number, next: string | undefined) => {
  if (next !== undefined) return `${shard}:${shards}:${next}`
  return shard + 1 < shards ? `${shard + 1}:${shards}:` : undefined
}

const START: Place = { shard: 0, of: 0 }
const CURSOR = /^(\d+):(\d+):(.*)$/s
