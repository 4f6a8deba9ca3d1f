import * as assert from 'node:assert/strict'
import { makeId } from 'ws-interlock/testing'
import type { Case } from './cases.ts'
import { CLOSED, record } from './record.ts'

export const recordCases: readonly Case[] = [
  {
    claim: 'a record is created only where there is none',
    check: async ({ records }) => {
      const id = makeId()
      assert.equal(await records.create(id, record()), true)
      assert.equal(await records.create(id, record({ version: 5 })), false)
      assert.equal((await records.read(id))?.version, 1)
    },
  },
  {
    claim: 'a tombstone is a record too: nothing is created over it',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record({ closed: CLOSED }))
      assert.equal(await records.create(id, record()), false)
      assert.deepEqual((await records.read(id))?.closed, CLOSED)
    },
  },
  {
    claim: 'what was never created is not there',
    check: async ({ records }) => assert.equal(await records.read(makeId()), undefined),
  },
  {
    claim: 'a record is read as it was written, whatever it carries',
    check: async ({ records }) => {
      const id = makeId()
      const full = record({
        state: {
          value: { a: 'b' },
          context: { text: 'é 🙂 "', list: [1, null, [], {}], deep: { empty: '' } },
          done: true,
        },
        machine: 'chat@1',
        claim: { token: 't', deadline: 1.5e12, event: 'join' },
        due: [{ event: 'late', at: 2, id: 'alarm', payload: { n: 1 } }],
        done: [{ id: '', token: 't' }],
        closed: CLOSED,
      })
      await records.create(id, full)
      assert.deepEqual(await records.read(id), full)
    },
  },
  {
    claim: 'a write is read back at once',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record())
      for (let version = 1; version < 5; version++) {
        assert.deepEqual(await records.replace(id, version, record({ version: version + 1 })), { ok: true })
        assert.equal((await records.read(id))?.version, version + 1)
      }
    },
  },
  {
    claim: 'a record is replaced whole: what the next one lacks is gone',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record({ claim: { token: 't', deadline: 1, event: 'e' } }))
      const next = record({ version: 2 })
      await records.replace(id, 1, next)
      assert.deepEqual(await records.read(id), next)
    },
  },
  {
    claim: 'a record of another version is not replaced, and is handed back',
    check: async ({ records }) => {
      const id = makeId()
      const stored = record({ version: 3, machine: 'chat@1' })
      await records.create(id, stored)
      for (const version of [2, 4])
        assert.deepEqual(await records.replace(id, version, record({ version: 9 })), { ok: false, current: stored })
      assert.deepEqual(await records.read(id), stored)
    },
  },
  {
    claim: 'where there is no record nothing is replaced',
    check: async ({ records }) => {
      const id = makeId()
      const result = await records.replace(id, 1, record({ version: 2 }))
      assert.equal(result.ok, false)
      assert.equal(!result.ok && result.current, undefined)
      assert.equal(await records.read(id), undefined)
    },
  },
  {
    claim: 'of many who replace one version, one does',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record())
      const tries = Array.from({ length: 10 }, () => records.replace(id, 1, record({ version: 2 })))
      assert.equal((await Promise.all(tries)).filter(({ ok }) => ok).length, 1)
    },
  },
  {
    claim: 'a stored record does not change with the object that it was written from or read into',
    check: async ({ records }) => {
      const id = makeId()
      const context = { n: 1 }
      const given = record({ state: { value: 'a', context } })
      await records.create(id, given)
      context.n = 2
      const read = (await records.read(id)) as { state: { context: { n: number } } }
      assert.equal(read.state.context.n, 1)
      read.state.context.n = 3
      assert.deepEqual((await records.read(id))?.state?.context, { n: 1 })
    },
  },
  {
    claim: 'a record is not read after its time',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record({ ttl: 1 }))
      assert.equal(await records.read(id), undefined)
      assert.equal((await records.replace(id, 1, record({ version: 2 }))).ok, false)
    },
  },
]
