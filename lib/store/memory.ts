import { needShards, type Place, pageOf, placeOf, type ShardPage, shardOf } from './shards.ts'
import type { ConnectionRecord, ReplaceResult, StorePorts } from './store.ts'

export interface MemoryOptions {
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/** Keep connections in maps of this process. */
export const memoryPorts = ({ now = Date.now }: MemoryOptions = {}): StorePorts => {
  const records = new Map<string, Kept>()
  /** The shards of each channel. */
  const channels = new Map<string, Shard[]>()
  // The other way round, so that a disconnect costs what the connection had joined, and not every channel there is; and
  // so that a member is found where it is, whatever has grown since.
  const joined = new Map<string, Map<string, Leaf>>()
  const texts = new Map<string, { readonly text: string; readonly end: number }>()
  let sweepAt = 0

  const find = (connectionId: string): Kept | undefined => {
    const kept = records.get(connectionId)
    return kept && kept.ttl * 1000 > now() ? kept : undefined
  }
  const drop = (connectionId: string, channel: string) => {
    const own = joined.get(connectionId)
    const leaf = own?.get(channel)
    if (!own || !leaf) return
    own.delete(channel)
    if (own.size === 0) joined.delete(connectionId)
    const { members, shard } = leaf
    members.delete(connectionId)
    if (members.size === 0) shard.leaves.delete(leaf.number)
    // A channel that has grown stays so.
    if (shard.leaves.size === 0 && channels.get(channel)?.length === 1) channels.delete(channel)
  }
  const dropAll = (connectionId: string) => {
    for (const channel of [...(joined.get(connectionId)?.keys() ?? [])]) drop(connectionId, channel)
  }
  const sweep = () => {
    if (now() < sweepAt) return
    sweepAt = now() + SWEEP_MS
    for (const connectionId of records.keys()) {
      if (find(connectionId)) continue
      records.delete(connectionId)
      dropAll(connectionId)
    }
    for (const [key, { end }] of texts) if (end <= now()) texts.delete(key)
  }

  const put = (connectionId: string, version: number, next: ConnectionRecord): ReplaceResult => {
    const current = find(connectionId)
    if (current?.version !== version) return { ok: false, current: current && read(current) }
    records.set(connectionId, keep(next))
    return { ok: true }
  }
  const shardsOf = (channel: string) => {
    const shards = channels.get(channel) ?? [newShard()]
    channels.set(channel, shards)
    return shards
  }
  const join = (connectionId: string, channel: string, note?: string) => {
    const own = joined.get(connectionId) ?? new Map<string, Leaf>()
    joined.set(connectionId, own)
    const leaf = own.get(channel) ?? nextLeaf(connectionId, shardsOf(channel))
    own.set(channel, leaf)
    leaf.members.set(connectionId, note)
  }
  const leafOf = (connectionId: string, channel: string) => find(connectionId) && joined.get(connectionId)?.get(channel)
  const textOf = (key: string) => {
    const kept = texts.get(key)
    return kept && kept.end > now() ? kept.text : undefined
  }
  const putText = (key: string, text: string, ttlSeconds: number) => {
    sweep()
    texts.set(key, { text, end: now() + ttlSeconds * 1000 })
  }

  return {
    warnOnLambda: {
      message: 'The memory store is in use on Lambda, where each instance has its own.',
      fix: 'Use a store that all instances share.',
    },
    records: {
      create: async (connectionId, record) => {
        sweep()
        if (find(connectionId)) return false
        records.set(connectionId, keep(record))
        return true
      },
      read: async (connectionId) => {
        const kept = find(connectionId)
        return kept && read(kept)
      },
      replace: async (connectionId, version, next) => put(connectionId, version, next),
      delete: async (connectionId) => void records.delete(connectionId),
    },
    memberships: {
      join: async (connectionId, channel, note) => {
        const kept = find(connectionId)
        if (!kept || kept.closed) return false
        join(connectionId, channel, note)
        return true
      },
      leave: async (connectionId, channel) => drop(connectionId, channel),
      has: async (connectionId, channel) => leafOf(connectionId, channel) !== undefined,
      note: async (connectionId, channel) => leafOf(connectionId, channel)?.members.get(connectionId),
      // Those whose time is over may not have been swept yet.
      members: async (channel, cursor, shard) => {
        const place = placeOf(cursor, shard)
        return pageOf(place, leavesOf(channels.get(channel), place, find))
      },
      shards: async (channel) => channels.get(channel)?.length ?? 1,
      grow: async (channel, count) => {
        needShards(count)
        const shards = shardsOf(channel)
        while (shards.length < count) shards.push(newShard())
      },
      channels: async (connectionId) => [...(joined.get(connectionId)?.keys() ?? [])],
    },
    blobs: {
      put: async (key, text, ttlSeconds) => putText(key, text, ttlSeconds),
      claim: async (key, ttlSeconds) => {
        if (textOf(key) !== undefined) return false
        putText(key, '', ttlSeconds)
        return true
      },
      get: async (key) => textOf(key),
    },
    commit: async (connectionId, version, next, changes) => {
      const result = put(connectionId, version, next)
      if (!result.ok) return result
      for (const channel of changes.join) join(connectionId, channel)
      for (const channel of changes.leave) drop(connectionId, channel)
      return result
    },
  }
}

/** A part of the members of a channel, in the order in which they joined. */
interface Shard {
  /** How many have ever joined. */
  joins: number
  /** By their numbers, which only grow: whoever stays is on the same one, whoever else comes and goes. */
  readonly leaves: Map<number, Leaf>
}

/** Those of so many joins in a row who are still there, each with its note. */
interface Leaf {
  readonly shard: Shard
  readonly number: number
  readonly members: Map<string, string | undefined>
}

const newShard = (): Shard => ({ joins: 0, leaves: new Map() })

/** The leaf on which the next member of a channel is. */
const nextLeaf = (connectionId: string, shards: readonly Shard[]): Leaf => {
  // There is one for each number below the length.
  const shard = shards[shardOf(connectionId, shards.length)] ?? newShard()
  const number = Math.floor(shard.joins++ / PAGE)
  const leaf = shard.leaves.get(number) ?? { shard, number, members: new Map() }
  shard.leaves.set(number, leaf)
  return leaf
}

/** Whole leaves, as many as fit on a page. */
const leavesOf = (
  shards: readonly Shard[] = [],
  place: Place,
  isThere: (connectionId: string) => unknown,
): ShardPage => {
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

/** As many as one request to DynamoDB or Redis would bring, about. */
const PAGE = 1_000

/**
 * Text, as in any real store: what does not survive JSON is lost here too, and no caller can change a stored record.
 * Beside it what is asked for most, so that the text is read only for who wants to see it.
 */
interface Kept extends Pick<ConnectionRecord, 'version' | 'ttl'> {
  readonly text: string
  readonly closed: boolean
}

const keep = (record: ConnectionRecord): Kept => ({
  text: JSON.stringify(record),
  version: record.version,
  ttl: record.ttl,
  closed: record.closed !== undefined,
})

const read = ({ text }: Kept): ConnectionRecord => JSON.parse(text)

/** Expired records are looked for this often, when a connection comes. */
const SWEEP_MS = 60_000
