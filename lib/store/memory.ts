import type { ConnectionRecord, ReplaceResult, StorePorts } from './store.ts'

export interface MemoryOptions {
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/** Keep connections in maps of this process. */
export const memoryPorts = ({ now = Date.now }: MemoryOptions = {}): StorePorts => {
  const records = new Map<string, Kept>()
  const channels = new Map<string, Set<string>>()
  // The other way round, so that a disconnect costs what the connection had joined, and not every channel there is.
  const joined = new Map<string, Set<string>>()
  let sweepAt = 0

  const find = (connectionId: string): Kept | undefined => {
    const kept = records.get(connectionId)
    return kept && kept.ttl * 1000 > now() ? kept : undefined
  }
  const drop = (connectionId: string, channel: string) => {
    const members = channels.get(channel)
    members?.delete(connectionId)
    if (members?.size === 0) channels.delete(channel)
    const own = joined.get(connectionId)
    own?.delete(channel)
    if (own?.size === 0) joined.delete(connectionId)
  }
  const dropAll = (connectionId: string) => {
    for (const channel of [...(joined.get(connectionId) ?? [])]) drop(connectionId, channel)
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
  const has = (connectionId: string, channel: string) =>
    find(connectionId) !== undefined && channels.get(channel)?.has(connectionId) === true
  const join = (connectionId: string, channel: string) => {
    add(channels, channel, connectionId)
    add(joined, connectionId, channel)
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
      join: async (connectionId, channel) => {
        const kept = find(connectionId)
        if (!kept || kept.closed) return false
        join(connectionId, channel)
        return true
      },
      leave: async (connectionId, channel) => drop(connectionId, channel),
      has: async (connectionId, channel) => has(connectionId, channel),
      // Those whose time is over may not have been swept yet.
      members: async (channel) => ({
        connectionIds: [...(channels.get(channel) ?? [])].filter((connectionId) => has(connectionId, channel)),
      }),
      channels: async (connectionId) => [...(joined.get(connectionId) ?? [])],
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

const add = (sets: Map<string, Set<string>>, key: string, member: string) =>
  sets.set(key, (sets.get(key) ?? new Set()).add(member))
