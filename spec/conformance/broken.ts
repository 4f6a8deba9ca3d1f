import type { Memberships, Records, Store } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { type Broken, but, pause } from './breaking.ts'
import { BROKEN_BLOBS } from './broken-blobs.ts'
import { BROKEN_NOTES } from './broken-notes.ts'
import { BROKEN_SHARDS } from './broken-shards.ts'

type Stored = Parameters<Records['create']>[1]

/** The same for `commit`. */
const committing = (breaks: (good: Store, commit: NonNullable<Store['commit']>) => Store['commit']) => (): Store => {
  const good = memory()
  if (!good.commit) throw new TypeError('memory() has lost its commit.')
  const commit = breaks(good, good.commit)
  return { ...good, ...(commit && { commit }) }
}

/** A store whose memberships ask nobody whether the connection is open. */
const unchecked = () => {
  const { records, memberships } = memory()
  const join = async (id: string, channel: string) => {
    await records.create(id, { version: 1, connectedAt: 0, ttl: FAR })
    return memberships.join(id, channel)
  }
  return { ...memberships, join }
}

/** A good store under names that are not what was given. */
const renamed = (rename: (name: string) => string) =>
  but(({ memberships: { join, leave, has, members } }) => ({
    memberships: {
      join: (id, channel) => join(id, rename(channel)),
      leave: (id, channel) => leave(id, rename(channel)),
      has: (id, channel) => has(id, rename(channel)),
      members: (channel, cursor, shard) => members(rename(channel), cursor, shard),
    },
  }))

/** A store that keeps something else than the record that it was given. */
const keeping = (keep: (record: Stored) => Stored) =>
  but(({ records: { create, replace } }) => ({
    records: {
      create: (id, record) => create(id, keep(record)),
      replace: (id, version, next) => replace(id, version, keep(next)),
    },
  }))

const textually = (change: (text: string) => string) =>
  keeping((record) => JSON.parse(change(JSON.stringify(record))) as Stored)

const FAR = 9_999_999_999
const everyone = async ({ members }: Memberships, channel: string) => (await members(channel)).connectionIds

const records: readonly Broken[] = [
  {
    flaw: 'read() makes up what is not there',
    seenBy: 'what was never created is not there',
    store: but(({ records }) => ({
      records: { read: async (id) => (await records.read(id)) ?? { version: 0, connectedAt: 0, ttl: FAR } },
    })),
  },
  {
    flaw: 'create() writes over what is there',
    seenBy: 'a record is created only where there is none',
    store: but(({ records }) => ({
      records: { create: async (id, record) => records.delete(id).then(() => records.create(id, record)) },
    })),
  },
  {
    flaw: 'create() looks first and writes later',
    seenBy: 'of many who create one record, one does',
    store: but(({ records }) => ({
      records: {
        create: async (id, record) => {
          if (await records.read(id)) return false
          await pause()
          await records.delete(id)
          return records.create(id, record)
        },
      },
    })),
  },
  {
    flaw: 'create() takes a tombstone for nothing',
    seenBy: 'a tombstone is a record too',
    store: but(({ records }) => ({
      records: {
        create: async (id, record) => {
          if ((await records.read(id))?.closed) await records.delete(id)
          return records.create(id, record)
        },
      },
    })),
  },
  {
    flaw: 'time is never over',
    seenBy: 'a record whose time is over is not there',
    store: () => memory({ now: () => 0 }),
  },
  {
    flaw: 'read() is one write behind',
    seenBy: 'a write is read back at once',
    store: but(({ records }) => {
      const before = new Map<string, Stored | undefined>()
      return {
        records: {
          read: async (id) => (before.has(id) ? before.get(id) : records.read(id)),
          replace: async (id, version, next) => {
            before.set(id, await records.read(id))
            return records.replace(id, version, next)
          },
        },
      }
    }),
  },
  {
    flaw: 'read() answers from one of two replicas, the other of which lags',
    seenBy: 'who reads while others write never goes back in time',
    store: but(({ records }) => {
      const lagging = new Map<string, Stored | undefined>()
      let reads = 0
      return {
        records: {
          read: async (id) => {
            const current = await records.read(id)
            if (reads++ % 3 > 0) return current
            const old = lagging.get(id) ?? current
            lagging.set(id, current)
            return old
          },
        },
      }
    }),
  },
  {
    flaw: 'replace() compares nothing',
    seenBy: 'a record of another version is not replaced',
    store: but(({ records }) => ({
      records: {
        replace: async (id, _, next) => records.replace(id, (await records.read(id))?.version ?? 0, next),
      },
    })),
  },
  {
    flaw: 'replace() compares first and writes later',
    seenBy: 'of many who replace one version, one does',
    store: but(({ records }) => ({
      records: {
        replace: async (id, version, next) => {
          const current = await records.read(id)
          if (current?.version !== version) return { ok: false, current }
          await pause()
          return records.replace(id, (await records.read(id))?.version ?? 0, next)
        },
      },
    })),
  },
  {
    flaw: 'replace() takes any version that is not newer',
    seenBy: 'a tombstone is replaced by its version as any record is, and by no other',
    store: but(({ records }) => ({
      records: {
        replace: async (id, version, next) =>
          records.replace(id, Math.max(version, (await records.read(id))?.version ?? 0), next),
      },
    })),
  },
  {
    flaw: 'replace() writes the record that was created last',
    seenBy: 'replacing one record leaves every other one as it is',
    store: but(({ records }) => {
      let last = ''
      return {
        records: {
          create: (id, record) => {
            last = id
            return records.create(id, record)
          },
          replace: (_, version, next) => records.replace(last, version, next),
        },
      }
    }),
  },
  {
    flaw: 'replace() merges',
    seenBy: 'a record is replaced whole',
    store: but(({ records }) => ({
      records: {
        replace: async (id, version, next) => records.replace(id, version, { ...(await records.read(id)), ...next }),
      },
    })),
  },
  {
    flaw: 'replace() does not hand back what beat it',
    seenBy: 'a record of another version is not replaced, and is handed back whole',
    store: but(({ records }) => ({
      records: {
        replace: async (...given) => {
          const { ok } = await records.replace(...given)
          return ok ? { ok } : { ok, current: undefined }
        },
      },
    })),
  },
  {
    flaw: 'replace() hands back what its caller has seen, when it loses a race',
    seenBy: 'of many who replace one version, one does, and each loser',
    store: but(({ records }) => ({
      records: {
        replace: async (id, version, next) => {
          const before = await records.read(id)
          const result = await records.replace(id, version, next)
          return result.ok || before?.version !== version ? result : { ok: false, current: before }
        },
      },
    })),
  },
  {
    flaw: 'replace() makes a record where there is none',
    seenBy: 'where there is no record nothing is replaced',
    store: but(({ records }) => ({
      records: {
        replace: async (id, version, next) => {
          const result = await records.replace(id, version, next)
          if (!result.ok && !result.current) await records.create(id, next)
          return result
        },
      },
    })),
  },
  {
    flaw: 'replace() revives what is deleted while it writes',
    seenBy: 'a replace brings nothing back that is deleted at the same time',
    store: but(({ records }) => ({
      records: {
        replace: async (id, version, next) => {
          const result = await records.replace(id, version, next)
          if (!result.ok) return result
          await pause()
          await records.create(id, next)
          return result
        },
      },
    })),
  },
  {
    flaw: 'delete() does nothing',
    seenBy: 'what is deleted is gone',
    store: but(() => ({ records: { delete: async () => {} } })),
  },
  {
    flaw: 'a record is the very object that was written',
    seenBy: 'a stored record does not change with the object',
    store: but(({ records }) => {
      const kept = new Map<string, Stored>()
      return {
        records: {
          create: async (id, record) => {
            const made = await records.create(id, record)
            if (made) kept.set(id, record)
            return made
          },
          read: async (id) => ((await records.read(id)) ? kept.get(id) : undefined),
        },
      }
    }),
  },
  {
    flaw: 'text is kept as Latin-1',
    seenBy: 'text is kept to the character',
    store: textually((text) => text.replace(/[\u0100-\uffff]/g, '?')),
  },
  {
    flaw: 'text is kept in its composed form',
    seenBy: 'text is kept to the character',
    store: textually((text) => text.normalize()),
  },
  {
    flaw: 'text is cut at 32 KB',
    seenBy: 'a record may carry 60 KB',
    store: textually((text) => text.replace(/[^"]{32768,}/g, (long) => long.slice(0, 32_768))),
  },
  {
    flaw: 'members of a record that came later are dropped',
    seenBy: 'a record is read as it was written',
    store: keeping(({ resumed: _, ...old }) => old),
  },
  {
    flaw: 'an id that begins with - is taken for an option',
    seenBy: 'an id may begin with any character',
    store: but(({ records }) => ({
      records: { create: async (id, record) => !id.startsWith('-') && records.create(id, record) },
    })),
  },
  {
    flaw: 'ids are kept in small letters',
    seenBy: 'ids that differ only in case are two connections',
    store: but(({ records: { create, read } }) => ({
      records: {
        create: (id, record) => create(id.toLowerCase(), record),
        read: (id) => read(id.toLowerCase()),
      },
    })),
  },
]

const memberships: readonly Broken[] = [
  {
    flaw: 'join() asks nobody',
    seenBy: 'a connection without a record cannot join',
    store: but(() => ({ memberships: unchecked() })),
  },
  {
    flaw: 'join() asks whether there is a record, not whether it is open',
    seenBy: 'a connection that has disconnected cannot join',
    store: but(({ records }) => {
      const free = unchecked()
      const join = async (id: string, channel: string) => Boolean(await records.read(id)) && free.join(id, channel)
      return { memberships: { ...free, join } }
    }),
  },
  ...['when a connection closes while it joins', 'once a connection has closed and left what it was in'].map(
    (seenBy, patient): Broken => ({
      flaw: 'join() asks first and writes later',
      seenBy,
      store: but(({ records }) => {
        const free = unchecked()
        const join = async (id: string, channel: string) => {
          const record = await records.read(id)
          if (!record || record.closed) return false
          await pause()
          // Either flaw alone: it says yes to what is too late, or it writes it and says no.
          return (await free.join(id, channel)) && (patient > 0 || !(await records.read(id))?.closed)
        }
        return { memberships: { ...free, join } }
      }),
    }),
  ),
  {
    flaw: 'join() says no to a member',
    seenBy: 'who joins twice is a member once',
    store: but(({ memberships: { join, has } }) => ({
      memberships: { join: async (id, channel) => !(await has(id, channel)) && join(id, channel) },
    })),
  },
  {
    flaw: 'has() says yes to everybody once somebody is there',
    seenBy: 'who joins is a member, and nobody else is',
    store: but(({ memberships }) => ({
      memberships: { has: async (_, channel) => (await everyone(memberships, channel)).length > 0 },
    })),
  },
  {
    flaw: 'leave() leaves every channel',
    seenBy: 'who leaves a channel leaves no other',
    store: but(({ memberships: { leave, channels } }) => ({
      memberships: {
        leave: async (id) => {
          for (const channel of await channels(id)) await leave(id, channel)
        },
      },
    })),
  },
  {
    flaw: 'leave() empties the channel',
    seenBy: 'who leaves a channel leaves no other, and nobody leaves with it',
    store: but(({ memberships }) => ({
      memberships: {
        leave: async (_, channel) => {
          for (const id of await everyone(memberships, channel)) await memberships.leave(id, channel)
        },
      },
    })),
  },
  {
    flaw: 'leave() rejects what is no member',
    seenBy: 'leaving twice, or without having joined, is no mistake',
    store: but(({ memberships: { leave, has } }) => ({
      memberships: {
        leave: async (id, channel) => {
          if (!(await has(id, channel))) throw new Error('expected a member')
          await leave(id, channel)
        },
      },
    })),
  },
  {
    flaw: 'leave() of a closed connection does nothing',
    seenBy: 'a connection that has closed is in its channels until it leaves them',
    store: but(({ records, memberships: { leave } }) => ({
      memberships: {
        leave: async (id, channel) => ((await records.read(id))?.closed ? undefined : leave(id, channel)),
      },
    })),
  },
  {
    flaw: 'members() misses the last one',
    seenBy: 'who joins is a member',
    store: but(({ memberships }) => ({
      memberships: { members: async (channel) => ({ connectionIds: (await everyone(memberships, channel)).slice(1) }) },
    })),
  },
  {
    flaw: 'members() gives one page and no cursor',
    seenBy: 'a channel has the members that joined it, however many',
    store: but(({ memberships }) => ({
      memberships: {
        members: async (channel) => ({ connectionIds: (await everyone(memberships, channel)).slice(0, 25) }),
      },
    })),
  },
  {
    flaw: 'members() begins each page with the last one of the page before',
    seenBy: 'a channel has the members that joined it, however many, each once',
    store: but(({ memberships }) => ({
      memberships: { members: (channel, cursor) => pageOf(memberships, channel, Number(cursor ?? 0), 1) },
    })),
  },
  {
    flaw: 'members() counts its way through a list that shrinks',
    seenBy: 'who is a member from the first page to the last is on one of them',
    store: but(({ memberships }) => ({
      memberships: { members: (channel, cursor) => pageOf(memberships, channel, Number(cursor ?? 0), 0) },
    })),
  },
  {
    flaw: 'members() never comes to an end',
    seenBy: 'a channel that nobody joined has no members',
    store: but(() => ({ memberships: { members: async () => ({ connectionIds: [], cursor: 'again' }) } })),
  },
  {
    flaw: 'channels() forgets all but ten',
    seenBy: 'a connection is in the channels that it joined, however many',
    store: but(({ memberships: { channels } }) => ({
      memberships: { channels: async (id) => (await channels(id)).slice(-10) },
    })),
  },
  {
    flaw: 'channels() has not heard of the latest join',
    seenBy: 'who joins is a member, and nobody else is',
    store: but(({ memberships: { channels } }) => ({
      memberships: { channels: async (id) => (await channels(id)).slice(0, -1) },
    })),
  },
  {
    flaw: 'a membership is two rows, which join() and leave() write one after the other',
    seenBy: 'who joins and leaves a channel at once',
    store: but(({ memberships }) => {
      const known = new Map<string, Set<string>>()
      const of = (id: string) => known.get(id) ?? known.set(id, new Set()).get(id) ?? new Set()
      return {
        memberships: {
          join: async (id, channel) => {
            of(id).add(channel)
            await pause()
            return memberships.join(id, channel)
          },
          leave: async (id, channel) => {
            await memberships.leave(id, channel)
            await pause()
            of(id).delete(channel)
          },
          channels: async (id) => [...of(id)],
        },
      }
    }),
  },
  {
    flaw: 'the name of a channel ends at #',
    seenBy: 'no channel is taken for a part of another one',
    store: renamed((name) => name.split('#')[0] ?? ''),
  },
  {
    flaw: 'the name of a channel is encoded where it has a #, and not where it has a %',
    seenBy: 'no channel is taken for a part of another one',
    store: renamed((name) => name.replaceAll('#', '%23')),
  },
  {
    flaw: 'the name of a channel loses its control characters',
    seenBy: "a channel of the library's own",
    store: renamed((name) => name.replace(/\p{Cc}/gu, '')),
  },
  {
    flaw: 'the name of a channel is composed',
    seenBy: 'names that look the same are two channels',
    store: renamed((name) => name.normalize()),
  },
  {
    flaw: 'the name of a channel loses the space around it',
    seenBy: 'no channel is taken for a part of another one',
    store: renamed((name) => name.trim()),
  },
  {
    flaw: 'the name of a channel is cut at 255 bytes',
    seenBy: 'a name of 128 characters of any script is a channel',
    store: but(({ memberships: { join } }) => ({
      memberships: {
        join: async (id, channel) => Buffer.byteLength(channel) <= 255 && join(id, channel),
      },
    })),
  },
]

/** Ten at a time by position; so many of them come again on the next page. */
const pageOf = async (memberships: Memberships, channel: string, from: number, again: number) => {
  const all = await everyone(memberships, channel)
  const to = from + 10
  return { connectionIds: all.slice(from, to), ...(to < all.length && { cursor: String(to - again) }) }
}

const commits: readonly Broken[] = [
  {
    flaw: 'commit() leaves and joins before it knows whether the record is stored',
    seenBy: 'a commit of another version changes nothing',
    store: committing(({ records, memberships }) => async (id, version, next, { join, leave }) => {
      for (const channel of leave) await memberships.leave(id, channel)
      for (const channel of join) await memberships.join(id, channel)
      return records.replace(id, version, next)
    }),
  },
  ...['who sees the record of a commit', 'when a connection closes while a commit is on its way'].map(
    (seenBy): Broken => ({
      flaw: 'commit() stores the record, and the memberships a moment later',
      seenBy,
      store: () => {
        const { records, commit: _, ...rest } = memory()
        const free = unchecked()
        const join: Memberships['join'] = async (id, channel) =>
          (await rest.memberships.join(id, channel)) && free.join(id, channel)
        return {
          ...rest,
          records,
          memberships: { ...free, join },
          commit: async (id, version, next, changes) => {
            const result = await records.replace(id, version, next)
            if (!result.ok) return result
            await pause()
            await pause()
            for (const channel of changes.leave) await free.leave(id, channel)
            for (const channel of changes.join) await free.join(id, channel)
            return result
          },
        }
      },
    }),
  ),
  {
    flaw: 'commit() compares first and stores later',
    seenBy: 'of many who commit one version, one does',
    store: committing(({ records }, commit) => async (id, version, next, changes) => {
      const current = await records.read(id)
      if (current?.version !== version) return { ok: false, current }
      await pause()
      return commit(id, (await records.read(id))?.version ?? 0, next, changes)
    }),
  },
  {
    flaw: 'commit() forgets the leaves',
    seenBy: 'a commit stores the record, its joins and its leaves',
    store: committing(
      (_, commit) =>
        (id, version, next, { join }) =>
          commit(id, version, next, { join, leave: [] }),
    ),
  },
  {
    flaw: 'commit() compares nothing',
    seenBy: 'a commit of another version changes nothing',
    store: committing(
      ({ records }, commit) =>
        async (id, _, next, changes) =>
          commit(id, (await records.read(id))?.version ?? 0, next, changes),
    ),
  },
  {
    flaw: 'commit() takes 25 channels and no more',
    seenBy: 'a commit takes',
    store: committing((_, commit) => async (id, version, next, changes) => {
      if (changes.join.length + changes.leave.length > 25) throw new Error('expected at most 25')
      return commit(id, version, next, changes)
    }),
  },
  {
    flaw: 'there is no commit',
    seenBy: 'a commit replaces the record whole',
    store: () => {
      const { commit: _, ...rest } = memory()
      return rest
    },
  },
]

export const BROKEN: readonly Broken[] = [
  ...records,
  ...memberships,
  ...commits,
  ...BROKEN_NOTES,
  ...BROKEN_SHARDS,
  ...BROKEN_BLOBS,
]
