import { makeId } from '../event/make.ts'
import type { StorePorts } from '../store/store.ts'
import type { StoreCase } from './case.ts'
import { expect, expectSame } from './expect.ts'
import { atOnce, joiner, membersOf, record } from './made.ts'

/** Each name, with something of its own behind it, is the one channel of one connection. */
const keepsApart = async (store: StorePorts, names: readonly string[]) => {
  const members = await atOnce(names.length, async (index) => ({
    ...(await joiner(store)),
    channel: names[index] ?? '',
  }))
  for (const { id, channel } of members)
    expect(`join() of ${JSON.stringify(channel)}`, await store.memberships.join(id, channel), true)
  for (const { id, channel } of members) {
    const where = JSON.stringify(channel)
    expectSame(`members() of ${where}`, await membersOf(store, channel), [id])
    expectSame(`channels() of who joined ${where}`, await store.memberships.channels(id), [channel])
  }
  const [gone, ...rest] = members
  if (gone) await store.memberships.leave(gone.id, gone.channel)
  for (const { id, channel } of rest)
    expect(
      `has() of ${JSON.stringify(channel)} after another one left its own`,
      await store.memberships.has(id, channel),
      true,
    )
}

export const nameCases: readonly StoreCase[] = [
  {
    claim: 'an id may begin with any character that API Gateway writes',
    check: async ({ records }) => {
      const ids = [...ALPHABET].map((character) => character + makeId().slice(1))
      await Promise.all(ids.map((id, index) => records.create(id, record({ connectedAt: index }))))
      const found = await Promise.all(ids.map(async (id) => (await records.read(id))?.connectedAt))
      expect('Which record is read under each id', found, [...ids.keys()])
    },
  },
  {
    claim: 'ids that differ only in case are two connections',
    check: async (store) => {
      const id = makeId()
      const { channel } = await joiner(store)
      const twins = [`A${id.slice(1)}`, `a${id.slice(1)}`] as const
      await store.records.create(twins[0], record())
      expect('read() of the twin', await store.records.read(twins[1]), undefined)
      expect('create() of the twin', await store.records.create(twins[1], record()), true)
      await store.memberships.join(twins[0], channel)
      expectSame('members()', await membersOf(store, channel), [twins[0]])
    },
  },
  {
    claim: 'a channel may have any character in its name that a store puts between its own',
    check: (store) => {
      const own = makeId()
      return keepsApart(store, [
        ...['#', ':', '{', '}', '%', '@', '/', '\\', '"', '*', '?', '[a]', '$', ' '].map((odd) => `${own}${odd}x`),
        ...['{x}', 'h:{', 'C#', 'H#', '__proto__ ', 'constructor ', '%23', '-inf', '('].map((odd) => `${odd}${own}`),
      ])
    },
  },
  {
    claim: 'no channel is taken for a part of another one: a#1 is not the shard 1 of a',
    check: (store) => {
      const a = makeId()
      return keepsApart(store, [
        a,
        ...['#', '#0', '#1', '#1#', ':0', ':1', '%', '%23', '%2523', '%230', '}', '{', '}:0', ' ', '\u{a0}'].map(
          (rest) => `${a}${rest}`,
        ),
        ...[`{${a}}`, `{${a}}:0`, `#${a}`, ` ${a}`, `H#${a}`, `h:{${a}}`, `h:{${a}:0}`, `C#${a}`],
      ])
    },
  },
  {
    claim: 'names that look the same are two channels: accents in one character or two, and letters of either case',
    check: (store) => {
      const own = makeId()
      return keepsApart(store, [
        ...['\u00e9', 'e\u0301', 'E\u0301', '\ufb01', 'fi', 'FI', '\u0131', 'i', 'I'].map((name) => `${name} ${own}`),
      ])
    },
  },
  {
    claim: "a channel of the library's own, whose name begins with a control character, is none of a user's",
    check: (store) => {
      const own = makeId()
      return keepsApart(store, [
        ...['\u0001', '\u0002', '\u0001\u0002', '', '%01', '%02', '\\u0001', '\u0001%', '\u0001#'].map(
          (begin) => begin + own,
        ),
        `\u0002${(own + '語'.repeat(128)).slice(0, 128)}`,
      ])
    },
  },
  {
    claim: 'a name of 128 characters of any script is a channel',
    check: (store) => {
      const own = makeId()
      return keepsApart(
        store,
        ['n', '#', '%', 'ü', '語', '🙂'].map((one) => (own + one.repeat(128)).slice(0, 128)),
      )
    },
  },
]

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
