import { makeId } from '../event/make.ts'
import { MAX_CHANGES, type StorePorts } from '../store/store.ts'
import type { StoreCase } from './case.ts'
import { expect, expectSame } from './expect.ts'
import {
  atOnce,
  awaitedLater,
  breath,
  CLOSED,
  channel,
  close,
  counted,
  joiner,
  membersOf,
  nOf,
  PAST,
  record,
} from './made.ts'

const commitOf = ({ commit }: StorePorts) => {
  if (!commit) throw new Error('This store has no commit, and need not have one: these cases are for those that have.')
  return commit
}

/** A connection in one channel, and another channel that it is not in. */
const member = async (store: StorePorts) => {
  const { id, channel: old } = await joiner(store)
  await store.memberships.join(id, old)
  return { id, old, young: channel() }
}

export const commitCases: readonly StoreCase[] = [
  {
    claim: 'a commit stores the record, its joins and its leaves',
    check: async (store) => {
      const { id, old, young } = await member(store)
      const next = counted(2, 1)
      expect('commit()', await commitOf(store)(id, 1, next, { join: [young], leave: [old] }), { ok: true })
      expect('The record', await store.records.read(id), next)
      expectSame('channels()', await store.memberships.channels(id), [young])
      expectSame('members() of what it joined', await membersOf(store, young), [id])
      expectSame('members() of what it left', await membersOf(store, old), [])
      expect('has() of what it joined', await store.memberships.has(id, young), true)
    },
  },
  {
    claim: 'a commit of another version changes nothing, no membership either, and hands the record back',
    check: async (store) => {
      const { id, old, young } = await member(store)
      const stored = counted(2, 1)
      await store.records.replace(id, 1, stored)
      for (const version of [1, 3])
        expect(
          `commit() of version ${version}`,
          await commitOf(store)(id, version, counted(9, 9), { join: [young], leave: [old] }),
          { ok: false, current: stored },
        )
      expect('The record', await store.records.read(id), stored)
      expectSame('channels()', await store.memberships.channels(id), [old])
      expectSame('members() of what it would have joined', await membersOf(store, young), [])
      expectSame('members() of what it would have left', await membersOf(store, old), [id])
    },
  },
  ...[
    { where: 'there is no record', made: undefined },
    { where: "the record's time is over", made: () => record({ ttl: PAST }) },
  ].map(
    ({ where, made }): StoreCase => ({
      claim: `where ${where} nothing is committed`,
      check: async (store) => {
        const [id, given] = [makeId(), channel()]
        if (made) await store.records.create(id, made())
        const result = await commitOf(store)(id, 1, record({ version: 2 }), { join: [given], leave: [] })
        expect('commit()', result, { ok: false, current: undefined })
        expect('The record', await store.records.read(id), undefined)
        expectSame('members()', await membersOf(store, given), [])
        expectSame('channels()', await store.memberships.channels(id), [])
      },
    }),
  ),
  {
    claim: 'a commit replaces the record whole',
    check: async (store) => {
      const [id, next] = [makeId(), record({ version: 2 })]
      await store.records.create(id, record({ claim: { token: 't', deadline: 1, event: 'e' }, machine: 'm' }))
      await commitOf(store)(id, 1, next, { join: [channel()], leave: [] })
      expect('The record', await store.records.read(id), next)
    },
  },
  {
    claim: 'a commit may change no membership, join what it is in and leave what it is not in',
    check: async (store) => {
      const { id, old, young } = await member(store)
      const commit = commitOf(store)
      expect('commit() of the record', await commit(id, 1, counted(2, 1), { join: [], leave: [] }), { ok: true })
      const again = await commit(id, 2, counted(3, 2), { join: [old], leave: [young] })
      expect('commit() of what is so already', again, { ok: true })
      expect('n of the record', nOf(await store.records.read(id)), 2)
      expectSame('channels()', await store.memberships.channels(id), [old])
      expectSame('members()', await membersOf(store, old), [id])
    },
  },
  {
    claim: `a commit takes ${MAX_CHANGES} channels, and with them a record of 60 KB`,
    check: async (store) => {
      const { id } = await joiner(store)
      const all = Array.from({ length: MAX_CHANGES }, channel)
      const [leave, join] = [all.slice(0, MAX_CHANGES / 2), all.slice(MAX_CHANGES / 2)]
      const commit = commitOf(store)
      expect('commit() of joins', await commit(id, 1, counted(2, 1), { join: all, leave: [] }), { ok: true })
      expectSame('channels()', await store.memberships.channels(id), all)
      const big = record({ version: 3, state: { value: 'big', context: { text: 'größer '.repeat(6_700) } } })
      expect('commit() of leaves and joins', await commit(id, 2, big, { join, leave }), { ok: true })
      expectSame('channels() after half of them were left', await store.memberships.channels(id), join)
      expect('The record', await store.records.read(id), big)
    },
  },
  {
    claim: 'a commit can be a tombstone that leaves every channel, and after it nobody joins',
    check: async (store) => {
      const { id, old, young } = await member(store)
      const over = record({ version: 2, closed: CLOSED })
      expect('commit()', await commitOf(store)(id, 1, over, { join: [], leave: [old] }), { ok: true })
      expect('join()', await store.memberships.join(id, young), false)
      expectSame('members()', await membersOf(store, old), [])
      expectSame('channels()', await store.memberships.channels(id), [])
    },
  },
  {
    claim: 'of many who commit one version, one does, and the memberships are its own',
    check: async (store) => {
      const { id, old } = await member(store)
      const wanted = Array.from({ length: 8 }, channel)
      const results = await atOnce(8, (index) =>
        commitOf(store)(id, 1, counted(2, index), { join: [wanted[index] ?? ''], leave: index % 2 === 0 ? [old] : [] }),
      )
      const winners = results.flatMap(({ ok }, index) => (ok ? [index] : []))
      expect('How many committed', winners.length, 1)
      const [winner = -1] = winners
      expect('Whose record is read', nOf(await store.records.read(id)), winner)
      for (const result of results)
        if (!result.ok) expect('Whose record a loser is handed', nOf(result.current), winner)
      expectSame('channels()', await store.memberships.channels(id), [
        wanted[winner] ?? '',
        ...(winner % 2 === 0 ? [] : [old]),
      ])
    },
  },
  {
    claim: 'who sees the record of a commit sees its memberships',
    check: async (store) => {
      await atOnce(8, async () => {
        const { id, old, young } = await member(store)
        let over = false
        const commit = commitOf(store)(id, 1, counted(2, 1), { join: [young], leave: [old] })
        const committing = awaitedLater(
          commit.finally(() => {
            over = true
          }),
        )
        while (!over && (await store.records.read(id))?.version === 1) await breath()
        const seen = await store.records.read(id)
        const has = await Promise.all([young, old].map((channel) => store.memberships.has(id, channel)))
        await committing
        expect(
          'The version, and has() of what it joined and of what it left',
          [seen?.version, ...has],
          [2, true, false],
        )
      })
    },
  },
  {
    claim: 'when a connection closes while a commit is on its way, nobody stays whom the clean-up did not find',
    check: async (store) => {
      await atOnce(16, async (repetition) => {
        const { id, old, young } = await member(store)
        const commit = () => commitOf(store)(id, 1, counted(2, 1), { join: [young], leave: [old] })
        const committing = awaitedLater(repetition % 2 === 0 ? commit() : breath().then(commit))
        // As a disconnect does it: the tombstone first, whatever version it has to name, then the channels.
        const first = await close(store, id)
        const closed = first.ok ? first : await close(store, id, first.current?.version)
        for (const channel of await store.memberships.channels(id)) await store.memberships.leave(id, channel)
        expect('commit(), when replace() of its version was (or was not) applied', (await committing).ok, !first.ok)
        expect('replace() of the version that was handed back', closed, { ok: true })
        for (const channel of [old, young]) expectSame('members()', await membersOf(store, channel), [])
        expectSame('channels()', await store.memberships.channels(id), [])
      })
    },
  },
]
