import { later } from './later.ts'
import { type Channel, type Leaf, newChannel, nextLeaf } from './memory-channel.ts'
import type { Blobs, ConnectionRecord, ReplaceResult, StorePorts } from './store.ts'

export interface MemoryOptions {
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/** Keep connections in maps of this process. */
export const memoryPorts = ({ now = Date.now }: MemoryOptions = {}): StorePorts => {
  const records = new Map<string, Kept>()
  const channels = new Map<string, Channel>()
  // The other way round, so that a disconnect costs what the connection had joined, and not every channel there is; and
  // so that a member is found where it is, whatever has grown since.
  const joined = new Map<string, Map<string, Leaf>>()
  let texts: Blobs | undefined
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
    if (shard.leaves.size === 0 && channels.get(channel)?.shards.length === 1) channels.delete(channel)
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
  }

  const put = (connectionId: string, version: number, next: ConnectionRecord): ReplaceResult => {
    const current = find(connectionId)
    if (current?.version !== version) return { ok: false, current: current && read(current) }
    records.set(connectionId, keep(next))
    return { ok: true }
  }
  const open = (name: string): Channel => {
    const channel = channels.get(name) ?? newChannel()
    channels.set(name, channel)
    return channel
  }
  const join = (connectionId: string, channel: string, note?: string) => {
    const own = joined.get(connectionId) ?? new Map<string, Leaf>()
    joined.set(connectionId, own)
    const leaf = own.get(channel) ?? nextLeaf(open(channel), connectionId)
    own.set(channel, leaf)
    leaf.members.set(connectionId, note)
  }
  const leafOf = (connectionId: string, channel: string) => find(connectionId) && joined.get(connectionId)?.get(channel)
  const blobs = async () => {
    const { memoryBlobs } = await keeping()
    texts ??= memoryBlobs(now)
    return texts
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
      members: async (channel, cursor, shard) => {
        const { membersIn } = await sharding()
        return membersIn(channels.get(channel), find, cursor, shard)
      },
      shards: async (channel) => channels.get(channel)?.shards.length ?? 1,
      grow: async (channel, shards) => {
        const { growTo } = await sharding()
        growTo(open(channel), shards)
      },
      channels: async (connectionId) => [...(joined.get(connectionId)?.keys() ?? [])],
    },
    blobs: {
      put: async (...given) => (await blobs()).put(...given),
      claim: async (...given) => (await blobs()).claim(...given),
      get: async (key) => (await blobs()).get(key),
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

/** Loaded when there is somebody to speak to, and something to keep for a while. */
const sharding = later(() => import('./memory-shards.ts'))
const keeping = later(() => import('./memory-blobs.ts'))

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
