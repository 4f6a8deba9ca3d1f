import type { Memberships, Store } from 'ws-interlock'
import { shardOf } from '../../lib/store/shards.ts'
import { type Broken, but, pause, type Whole, whole } from './breaking.ts'

/** Everybody in a channel of a good store. */
const everyone = async ({ members }: Memberships, channel: string) => {
  const all: string[] = []
  let cursor: string | undefined
  do {
    const page = await members(channel, cursor)
    all.push(...page.connectionIds)
    cursor = page.cursor
  } while (cursor !== undefined)
  return all
}

interface Places {
  /** Where to put somebody: in one of these shards. */
  readonly put: (id: string, channel: string) => Promise<number> | number
  /** Where to look for somebody. */
  readonly look: (id: string, channel: string) => readonly number[]
}

/** A store of a store, whose shards are channels of it. */
const composed = (places: (good: Whole, countOf: (channel: string) => number) => Partial<Places>) => (): Store => {
  const { memberships, commit, ...rest } = whole()
  const counts = new Map<string, number>()
  const countOf = (channel: string) => counts.get(channel) ?? 1
  const nameOf = (channel: string, shard: number) => `${channel}/${shard}`
  const everywhere = (channel: string) => [...Array(countOf(channel)).keys()]
  const { put, look }: Places = {
    put: (id, channel) => shardOf(id, countOf(channel)),
    look: (_, channel) => everywhere(channel),
    ...places({ ...rest, memberships }, countOf),
  }
  const first = async <Found>(id: string, channel: string, find: (name: string) => Promise<Found>) => {
    for (const shard of look(id, channel)) {
      const found = await find(nameOf(channel, shard))
      if (found) return found
    }
    return undefined
  }
  return {
    ...rest,
    memberships: {
      join: async (id, channel, note) => memberships.join(id, nameOf(channel, await put(id, channel)), note),
      leave: async (id, channel) => {
        for (const shard of look(id, channel)) await memberships.leave(id, nameOf(channel, shard))
      },
      has: async (id, channel) => (await first(id, channel, (name) => memberships.has(id, name))) === true,
      note: (id, channel) => first(id, channel, (name) => memberships.note(id, name)),
      members: async (channel, _, shard) => {
        const names = (shard === undefined ? everywhere(channel) : [shard]).map((one) => nameOf(channel, one))
        const pages = await Promise.all(names.map((name) => memberships.members(name)))
        return {
          connectionIds: pages.flatMap(({ connectionIds }) => connectionIds),
          notes: pages.flatMap(({ connectionIds, notes }) => notes ?? connectionIds.map(() => undefined)),
        }
      },
      channels: async (id) => [
        ...new Set((await memberships.channels(id)).map((name) => name.slice(0, name.lastIndexOf('/')))),
      ],
      shards: async (channel) => countOf(channel),
      grow: async (channel, count) => void counts.set(channel, Math.max(count, countOf(channel))),
    },
    ...(commit && { commit }),
  }
}

/** Have everybody join again where it would be now. */
const moving =
  (memberships: Required<Memberships>): Required<Memberships>['grow'] =>
  async (channel, count) => {
    const ids = await everyone(memberships, channel)
    for (const id of ids) await memberships.leave(id, channel)
    await memberships.grow(channel, count)
    await pause()
    await pause()
    for (const id of ids) await memberships.join(id, channel)
  }

export const BROKEN_SHARDS: readonly Broken[] = [
  {
    flaw: 'grow() makes fewer of them too',
    seenBy: 'a channel has one shard until it grows',
    store: but(({ memberships: { grow } }) => {
      const counts = new Map<string, number>()
      return {
        memberships: {
          shards: async (channel) => counts.get(channel) ?? 1,
          grow: async (channel, count) => {
            await grow(channel, count)
            counts.set(channel, count)
          },
        },
      }
    }),
  },
  {
    flaw: 'an empty channel has one shard',
    seenBy: 'a channel keeps its shards while nobody is in it',
    store: but(({ memberships }) => ({
      memberships: {
        shards: async (channel) =>
          (await everyone(memberships, channel)).length === 0 ? 1 : memberships.shards(channel),
      },
    })),
  },
  {
    flaw: 'grow() takes any number',
    seenBy: 'a number of shards that is no power of two',
    store: but(({ memberships: { grow } }) => ({
      memberships: { grow: (channel, count) => grow(channel, count).catch(() => {}) },
    })),
  },
  {
    flaw: 'everybody goes into the first shard',
    seenBy: 'who joins a channel of many shards is in one of them, and they are spread',
    store: composed(() => ({ put: () => 0 })),
  },
  {
    flaw: 'members() of a shard that is not there has those of another one',
    seenBy: 'a shard that is not there has no members',
    store: but(({ memberships: { members, shards } }) => ({
      memberships: {
        members: async (channel, cursor, shard) => members(channel, cursor, shard && shard % (await shards(channel))),
      },
    })),
  },
  {
    flaw: 'a member is looked for where the number of shards says',
    seenBy: 'who was in a channel before it grew is in it after',
    store: composed((_, countOf) => ({ look: (id, channel) => [shardOf(id, countOf(channel))] })),
  },
  {
    flaw: 'a note is looked for where the number of shards says',
    seenBy: 'a note is found after the channel has grown',
    store: but(({ memberships }) => ({
      memberships: {
        note: async (id, channel) => {
          const shard = shardOf(id, await memberships.shards(channel))
          const { connectionIds, notes = [] } = await memberships.members(channel, undefined, shard)
          return notes[connectionIds.indexOf(id)]
        },
      },
    })),
  },
  {
    flaw: 'who joins again after the channel has grown gets a second row',
    seenBy: 'who joins again after the channel has grown is a member once',
    store: composed(() => ({})),
  },
  {
    flaw: 'of two rows that a connection has leave() takes one',
    seenBy: 'whoever joins twice at once while the channel grows',
    store: but(({ memberships: { join, leave, grow } }) => {
      const twice = new Set<string>()
      const joining = new Set<string>()
      let hasGrown = false
      return {
        memberships: {
          join: async (id, channel) => {
            const key = `${id} ${channel}`
            if (joining.has(key) && hasGrown) twice.add(key)
            joining.add(key)
            await pause()
            joining.delete(key)
            return join(id, channel)
          },
          leave: async (id, channel) => {
            if (!twice.delete(`${id} ${channel}`)) await leave(id, channel)
          },
          grow: async (channel, count) => {
            hasGrown = true
            await grow(channel, count)
          },
        },
      }
    }),
  },
  {
    flaw: 'grow() moves whoever is a member',
    seenBy: 'whoever joins while a channel grows is in it',
    store: but(({ memberships }) => ({ memberships: { grow: moving(memberships) } })),
  },
  {
    flaw: 'grow() moves whoever is a member, and who is reading goes on in the shards that there were',
    seenBy: 'who is a member from the first page to the last is on one of them, however',
    store: but(({ memberships }) => ({
      memberships: {
        grow: moving(memberships),
        members: async (channel, cursor, shard) => {
          if (shard !== undefined) return memberships.members(channel, cursor, shard)
          const [at = 0, of = await memberships.shards(channel)] = cursor?.split('/').map(Number) ?? []
          const { connectionIds } = await memberships.members(channel, undefined, at)
          return at + 1 < of ? { connectionIds, cursor: `${at + 1}/${of}` } : { connectionIds }
        },
      },
    })),
  },
  {
    flaw: 'the pages that follow the first one of a shard are those of the channel',
    seenBy: 'a page of one shard is followed by those of that shard',
    store: but(({ memberships }) => ({
      memberships: {
        members: async (channel, cursor, shard) => {
          const from = Number(cursor ?? 0)
          const all =
            from === 0 && shard !== undefined
              ? (await memberships.members(channel, undefined, shard)).connectionIds
              : await everyone(memberships, channel)
          const connectionIds = all.slice(from, from + 2)
          return from + 2 < all.length ? { connectionIds, cursor: String(from + 2) } : { connectionIds }
        },
      },
    })),
  },
  {
    flaw: 'join() asks whether the connection is open, and writes later where the channel has grown',
    seenBy: 'once a connection has closed and left, it is in no shard',
    store: composed(({ records, memberships }) => ({
      put: async (id, channel) => {
        const shard = 7
        if ((await records.read(id))?.closed) return shard
        await pause()
        const record = await records.read(id)
        // What a store does that has no condition on its write.
        if (record?.closed) {
          await records.delete(id)
          await records.create(id, { ...record, closed: undefined as never })
          await memberships.join(id, `${channel}/${shard}`)
          await records.replace(id, record.version, record)
        }
        return shard
      },
    })),
  },
  {
    flaw: 'commit() knows of no shards',
    seenBy: 'a commit joins and leaves channels that have grown',
    store: composed(() => ({})),
  },
  {
    flaw: 'there are no shards',
    seenBy: 'a channel has one shard until it grows',
    store: () => {
      const { memberships, ...rest } = whole()
      const { shards: _, grow: __, ...more } = memberships
      return { ...rest, memberships: more }
    },
  },
]
