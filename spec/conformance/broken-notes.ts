import { type Broken, but, whole } from './breaking.ts'

/** A good store beside whose memberships the notes are kept, under a key of one's own, and never end. */
const notedBy = (keyOf: (id: string, channel: string) => string) =>
  but(({ memberships: { join, members } }) => {
    const notes = new Map<string, string | undefined>()
    return {
      memberships: {
        join: async (id, channel, note) => {
          const joined = await join(id, channel)
          if (joined && (note !== undefined || !notes.has(keyOf(id, channel)))) notes.set(keyOf(id, channel), note)
          return joined
        },
        note: async (id, channel) => notes.get(keyOf(id, channel)),
        members: async (channel, cursor, shard) => {
          const page = await members(channel, cursor, shard)
          return { ...page, notes: page.connectionIds.map((id) => notes.get(keyOf(id, channel))) }
        },
      },
    }
  })

/** A store that keeps something else than the note that it was given. */
const keeping = (keep: (note: string) => string) =>
  but(({ memberships: { join } }) => ({
    memberships: { join: (id, channel, note) => join(id, channel, note === undefined ? undefined : keep(note)) },
  }))

export const BROKEN_NOTES: readonly Broken[] = [
  {
    flaw: 'note() knows of none',
    seenBy: 'a member has the note that it joined with',
    store: but(() => ({ memberships: { note: async () => undefined } })),
  },
  {
    flaw: 'members() leaves the notes out',
    seenBy: 'a member has the note that it joined with',
    store: but(({ memberships: { members } }) => ({
      memberships: {
        members: async (...given) => {
          const { notes: _, ...page } = await members(...given)
          return page
        },
      },
    })),
  },
  {
    flaw: 'a note that is not there is an empty one',
    seenBy: 'who joined without a note has none',
    store: but(({ memberships: { note } }) => ({
      memberships: { note: async (id, channel) => (await note(id, channel)) ?? '' },
    })),
  },
  {
    flaw: 'who joins again keeps its note',
    seenBy: 'joining again replaces the note',
    store: but(({ memberships: { join, has } }) => ({
      memberships: { join: async (id, channel, note) => (await has(id, channel)) || join(id, channel, note) },
    })),
  },
  {
    flaw: 'an empty note is none',
    seenBy: 'joining again replaces the note',
    store: but(({ memberships: { join } }) => ({
      memberships: { join: (id, channel, note) => join(id, channel, note || undefined) },
    })),
  },
  {
    flaw: 'a note stays when its membership ends',
    seenBy: 'a note ends with its membership',
    store: notedBy((id, channel) => `${id} ${channel}`),
  },
  {
    flaw: 'a connection has one note in all channels',
    seenBy: "a note is one connection's in one channel",
    store: notedBy((id) => id),
  },
  {
    flaw: 'a channel has one note for all of its members',
    seenBy: 'each member on a page has its own note',
    store: notedBy((_, channel) => channel),
  },
  {
    flaw: 'a note is cut at 255 characters',
    seenBy: 'a note is text of up to 700 bytes',
    store: keeping((note) => note.slice(0, 255)),
  },
  {
    flaw: 'a note is composed',
    seenBy: 'a note is text of up to 700 bytes',
    store: keeping((note) => note.normalize()),
  },
  {
    flaw: 'a page has the notes of those who have one, and no places for the others',
    seenBy: 'each member on a page has its own note',
    store: but(({ memberships: { members } }) => ({
      memberships: {
        members: async (...given) => {
          const { notes, ...page } = await members(...given)
          return notes ? { ...page, notes: notes.filter((note) => note !== undefined) } : page
        },
      },
    })),
  },
  {
    flaw: 'a note is written before it is known whether the connection is open',
    seenBy: 'who cannot join leaves no note',
    store: but(({ memberships: { join, note } }) => {
      const early = new Map<string, string | undefined>()
      return {
        memberships: {
          join: async (id, channel, given) => {
            early.set(`${id} ${channel}`, given)
            return join(id, channel, given)
          },
          note: async (id, channel) => (await note(id, channel)) ?? early.get(`${id} ${channel}`),
        },
      }
    }),
  },
  {
    flaw: 'there is no note',
    seenBy: 'a member has the note that it joined with',
    store: () => {
      const { memberships, ...rest } = whole()
      const { note: _, ...more } = memberships
      return { ...rest, memberships: more }
    },
  },
]
