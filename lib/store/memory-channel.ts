/** The members of a channel. */
export interface Channel {
  readonly shards: Shard[]
  /** Where to put a connection that is not in the channel yet. */
  shardOf: (connectionId: string) => number
}

/** A part of the members of a channel, in the order in which they joined. */
export interface Shard {
  /** How many have ever joined. */
  joins: number
  /** By their numbers, which only grow: whoever stays is on the same one, whoever else comes and goes. */
  readonly leaves: Map<number, Leaf>
}

/** Those of so many joins in a row who are still there, each with its note. */
export interface Leaf {
  readonly shard: Shard
  readonly number: number
  readonly members: Map<string, string | undefined>
}

export const newChannel = (): Channel => ({ shards: [newShard()], shardOf: () => 0 })
export const newShard = (): Shard => ({ joins: 0, leaves: new Map() })

/** The leaf on which the next member of a channel is. */
export const nextLeaf = ({ shards, shardOf }: Channel, connectionId: string): Leaf => {
  // Never a new one: there is one for each number that `shardOf` gives.
  const shard = shards[shardOf(connectionId)] ?? newShard()
  const number = Math.floor(shard.joins++ / PAGE)
  const leaf = shard.leaves.get(number) ?? { shard, number, members: new Map() }
  shard.leaves.set(number, leaf)
  return leaf
}

/** How many joins a leaf is for, and members a page has at most: as many as a request to Redis would bring, about. */
export const PAGE = 1_000
