import { shardOf } from './shards.ts'

/** How many shards channels have, as far as this process has heard. An older number is as right as a new one. */
export interface ShardCounts {
  /** Where to put a connection that is not in the channel yet, and where to look for one first. */
  readonly guess: (connectionId: string, channel: string) => number
  /**
   * Ask how many there are, once a minute. To be awaited beside a join, which it does not hold up; it never rejects.
   *
   * Nothing is asked at the first join that this process has to a channel: most rooms are small, and see no second one.
   */
  readonly refresh: (channel: string) => Promise<void>
  readonly set: (channel: string, shards: number) => void
}

/** Remember the numbers of shards that `read` finds. */
export const shardCounts = (read: (channel: string) => Promise<number>, now: () => number): ShardCounts => {
  const heard = new Map<string, { readonly shards: number; readonly until: number }>()
  const set = (channel: string, shards: number, until = now() + FRESH_MS) => {
    if (heard.size >= MAX_CHANNELS) heard.clear()
    heard.set(channel, { shards, until })
  }
  return {
    guess: (connectionId, channel) => shardOf(connectionId, heard.get(channel)?.shards ?? 1),
    set,
    refresh: async (channel) => {
      const known = heard.get(channel)
      if (!known) return set(channel, 1, 0)
      if (now() < known.until) return
      // Nobody else asks meanwhile.
      set(channel, known.shards)
      // Who cannot be told goes on with what it knows.
      const shards = await read(channel).catch(() => known.shards)
      set(channel, shards)
    },
  }
}

const FRESH_MS = 60_000
/** Channels that one process remembers: some hundred kilobytes. */
const MAX_CHANNELS = 2_000
