import { makeId } from '../event/make.ts'
import type { StorePorts } from '../store/store.ts'
import type { StoreCase } from './case.ts'
import { expect } from './expect.ts'
import { atOnce, CLOSED, channel, joiner, pagesOf, record } from './made.ts'

const noteOf = ({ memberships: { note } }: StorePorts) => {
  if (!note) throw new Error('This store has no note, and need not have one: these cases are for those that have.')
  return note
}

/** The note of each member, as the pages of the channel have it. */
const notesIn = async (store: StorePorts, channel: string) => {
  const found: Record<string, string | undefined> = {}
  for await (const { connectionIds, notes } of pagesOf(store, channel)) {
    if (notes) expect('How many notes a page has', notes.length, connectionIds.length)
    for (const [index, id] of connectionIds.entries()) found[id] = notes?.[index]
  }
  return found
}

export const noteCases: readonly StoreCase[] = [
  {
    claim: 'a member has the note that it joined with, for who asks for it and on the pages of the channel',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      await store.memberships.join(id, channel, '{"is":"here"}')
      expect('note()', await noteOf(store)(id, channel), '{"is":"here"}')
      expect('The notes of members()', await notesIn(store, channel), { [id]: '{"is":"here"}' })
    },
  },
  {
    claim: 'who joined without a note has none, nor has who is no member',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      expect('note() of who is no member', await noteOf(store)(id, channel), undefined)
      await store.memberships.join(id, channel)
      expect('note() of who has none', await noteOf(store)(id, channel), undefined)
      const { notes } = await store.memberships.members(channel)
      expect('Whether members() has a note', notes?.some((note) => note !== undefined) ?? false, false)
    },
  },
  {
    claim: 'joining again replaces the note, and removes it where there is a new one no more',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      for (const note of ['first', 'second', '', undefined, 'third']) {
        expect('join()', await store.memberships.join(id, channel, note), true)
        expect('note()', await noteOf(store)(id, channel), note)
        expect('The notes of members()', await notesIn(store, channel), { [id]: note })
      }
    },
  },
  {
    claim: 'a note ends with its membership: who joins later has none',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      await store.memberships.join(id, channel, 'old')
      await store.memberships.leave(id, channel)
      expect('note() after leave()', await noteOf(store)(id, channel), undefined)
      await store.memberships.join(id, channel)
      expect('note() after it joined again', await noteOf(store)(id, channel), undefined)
      expect('The notes of members()', await notesIn(store, channel), { [id]: undefined })
    },
  },
  {
    claim: "a note is one connection's in one channel",
    check: async (store) => {
      const [one, other] = [await joiner(store), await joiner(store)]
      const both = [one.channel, other.channel]
      for (const { id } of [one, other])
        for (const channel of both) await store.memberships.join(id, channel, `${id} in ${channel}`)
      await store.memberships.join(one.id, one.channel, 'changed')
      for (const channel of both)
        for (const { id } of [one, other]) {
          const wanted = id === one.id && channel === one.channel ? 'changed' : `${id} in ${channel}`
          expect('note()', await noteOf(store)(id, channel), wanted)
        }
    },
  },
  {
    claim: 'a note is text of up to 700 bytes, kept to the character',
    check: async (store) => {
      const { id, channel } = await joiner(store)
      for (const note of [
        'x'.repeat(700),
        '語'.repeat(233),
        'e\u0301 \u00e9 🙂 \u0001 " \\ \n',
        'null',
        ' ',
        '0',
        '-1',
      ]) {
        await store.memberships.join(id, channel, note)
        expect('note()', await noteOf(store)(id, channel), note)
        expect('The notes of members()', await notesIn(store, channel), { [id]: note })
      }
    },
  },
  {
    claim: 'each member on a page has its own note there, however many have none',
    check: async (store) => {
      const given = channel()
      const ids = (await atOnce(MANY, () => joiner(store))).map(({ id }) => id)
      const wanted = Object.fromEntries(ids.map((id, index) => [id, index % 3 === 0 ? undefined : `of ${id}`]))
      await Promise.all(ids.map((id) => store.memberships.join(id, given, wanted[id])))
      expect('The notes of members()', await notesIn(store, given), wanted)
    },
  },
  {
    claim: 'who cannot join leaves no note',
    check: async (store) => {
      const given = channel()
      const [none, over] = [makeId(), makeId()]
      await store.records.create(over, record({ closed: CLOSED }))
      for (const id of [none, over]) {
        expect('join()', await store.memberships.join(id, given, 'late'), false)
        expect('note()', await noteOf(store)(id, given), undefined)
      }
      expect('The notes of members()', await notesIn(store, given), {})
    },
  },
]

const MANY = 20
