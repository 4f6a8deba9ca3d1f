import { makeId } from '../event/make.ts'
import type { StorePorts } from '../store/store.ts'
import type { StoreCase } from './case.ts'
import { expect, expectSame } from './expect.ts'
import { atOnce, awaitedLater, breath, CLOSED, counted, nOf, record } from './made.ts'

export const replaceCases: readonly StoreCase[] = [
  {
    claim: 'a write is read back at once',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record())
      for (let version = 1; version < 6; version++) {
        const result = await records.replace(id, version, record({ version: version + 1 }))
        expect(`replace() of version ${version}`, result, { ok: true })
        expect('The version that is read', (await records.read(id))?.version, version + 1)
      }
    },
  },
  {
    claim: 'a record is replaced whole: what the next one lacks is gone',
    check: async ({ records }) => {
      const [id, next] = [makeId(), record({ version: 2 })]
      const claim = { token: 't', deadline: 1, event: 'e' }
      await records.create(id, record({ claim, done: ['t  1'], state: { value: 'a', context: { a: 1 } } }))
      await records.replace(id, 1, next)
      expect('The record', await records.read(id), next)
    },
  },
  {
    claim: 'a record of another version is not replaced, and is handed back whole',
    check: async ({ records }) => {
      const id = makeId()
      const stored = record({ version: 3, machine: 'chat@1', claim: { token: 't', deadline: 1, event: 'e' } })
      await records.create(id, stored)
      for (const version of [2, 4, 33])
        expect(`replace() of version ${version}`, await records.replace(id, version, record({ version: 9 })), {
          ok: false,
          current: stored,
        })
      expect('The record', await records.read(id), stored)
    },
  },
  {
    claim: 'where there is no record nothing is replaced, and none appears',
    check: async ({ records }) => {
      const id = makeId()
      const result = await records.replace(id, 1, record({ version: 2 }))
      expect('replace()', result, { ok: false, current: undefined })
      expect('The record', await records.read(id), undefined)
    },
  },
  {
    claim: 'a tombstone is replaced by its version as any record is, and by no other',
    check: async ({ records }) => {
      const id = makeId()
      const tombstone = record({ version: 2, closed: { ...CLOSED, by: 'gone', channels: ['lobby'] } })
      await records.create(id, tombstone)
      const late = await records.replace(id, 1, record({ version: 2 }))
      expect('replace() by who saw it open', late, { ok: false, current: tombstone })
      const over = record({ version: 3, closed: CLOSED })
      expect('replace() by who saw it closed', await records.replace(id, 2, over), { ok: true })
      expect('The record', await records.read(id), over)
    },
  },
  {
    claim: 'replacing one record leaves every other one as it is',
    check: async ({ records }) => {
      const [one, other] = [makeId(), makeId()]
      for (const id of [one, other]) await records.create(id, counted(1, 0))
      await records.replace(one, 1, counted(2, 1))
      expect('n of the other record', nOf(await records.read(other)), 0)
    },
  },
  {
    claim: 'of many who replace one version, one does, and each loser is handed what the winner wrote',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, counted(1, -1))
      const results = await atOnce(10, (index) => records.replace(id, 1, counted(2, index)))
      const winners = results.flatMap(({ ok }, index) => (ok ? [index] : []))
      expect('How many replaced it', winners.length, 1)
      expect('Whose record is read', nOf(await records.read(id)), winners[0])
      for (const result of results)
        if (!result.ok) expect('Whose record a loser is handed', nOf(result.current), winners[0])
    },
  },
  {
    claim: 'no write of many writers is lost, and none of them ever reads an older record than it wrote',
    check: async (store) => {
      const id = makeId()
      await store.records.create(id, counted(1, 0))
      await atOnce(WRITERS, () => write(store, id))
      const last = await store.records.read(id)
      expect('The version at the end', last?.version, 1 + WRITERS * WRITES)
      expect('What was counted', nOf(last), WRITERS * WRITES)
    },
  },
  {
    claim: 'who reads while others write never goes back in time',
    check: async (store) => {
      const id = makeId()
      await store.records.create(id, counted(1, 0))
      let writing = true
      const reading = atOnce(3, async () => {
        const versions: number[] = []
        while (writing) {
          versions.push(Number((await store.records.read(id))?.version))
          await breath()
        }
        return versions
      })
      const readers = awaitedLater(reading)
      await atOnce(3, () => write(store, id)).finally(() => {
        writing = false
      })
      for (const versions of await readers)
        expect(
          'The versions that a reader saw',
          versions,
          [...versions].sort((a, b) => a - b),
        )
    },
  },
  {
    claim: 'a replace brings nothing back that is deleted at the same time',
    check: async ({ records }) => {
      const ids = await atOnce(12, async (index) => {
        const id = makeId()
        await records.create(id, record())
        const replace = () => records.replace(id, 1, record({ version: 2 }))
        const remove = () => records.delete(id)
        await Promise.all(index % 2 === 0 ? [remove(), replace()] : [replace(), remove()])
        return (await records.read(id)) && id
      })
      expectSame(
        'The records that are there after',
        ids.filter((id) => id !== undefined),
        [],
      )
    },
  },
]

/** Count up some times, beginning anew with what the store hands back whenever another one was faster. */
const write = async ({ records }: StorePorts, id: string) => {
  let current = await records.read(id)
  for (let written = 0, lost = 0; written < WRITES; ) {
    const version = Number(current?.version)
    const next = counted(version + 1, nOf(current) + 1)
    const result = await records.replace(id, version, next)
    if (!result.ok) {
      const handed = Number(result.current?.version)
      expect(`A newer record is handed to who named version ${version} (it was ${handed})`, handed > version, true)
      // Each loss is a write of somebody else.
      expect('A writer loses no more often than the others write', ++lost <= WRITERS * WRITES, true)
      current = result.current
      continue
    }
    written++
    current = await records.read(id)
    const seen = Number(current?.version)
    expect(`A record as new is read by who wrote version ${version + 1} (it was ${seen})`, seen > version, true)
  }
}

const WRITERS = 6
const WRITES = 4
