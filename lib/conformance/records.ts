import { makeId } from '../event/make.ts'
import type { ConnectionRecord } from '../store/store.ts'
import type { StoreCase } from './case.ts'
import { expect } from './expect.ts'
import { atOnce, CLOSED, PAST, record } from './made.ts'

export const recordCases: readonly StoreCase[] = [
  {
    claim: 'what was never created is not there',
    check: async ({ records }) => expect('read()', await records.read(makeId()), undefined),
  },
  {
    claim: 'a record is created only where there is none',
    check: async ({ records }) => {
      const [id, first] = [makeId(), record()]
      expect('The first create()', await records.create(id, first), true)
      expect('The second create()', await records.create(id, record({ version: 5 })), false)
      expect('The record after both', await records.read(id), first)
    },
  },
  {
    claim: 'of many who create one record, one does, and it is that one which is read',
    check: async ({ records }) => {
      const id = makeId()
      const made = await atOnce(8, (index) => records.create(id, record({ connectedAt: index })))
      expect('How many create() said true', made.filter(Boolean).length, 1)
      expect('Whose record is read', (await records.read(id))?.connectedAt, made.indexOf(true))
    },
  },
  {
    claim: 'a tombstone is a record too: nothing is created over it',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record({ closed: CLOSED }))
      expect('create() over a tombstone', await records.create(id, record()), false)
      expect('The tombstone', (await records.read(id))?.closed, CLOSED)
    },
  },
  {
    claim: 'a record is read as it was written, whatever it carries',
    check: async ({ records }) => {
      const [id, full] = [makeId(), FULL()]
      await records.create(id, full)
      expect('The record that was created', await records.read(id), full)
      const next = { ...full, version: 2 }
      await records.replace(id, 1, next)
      expect('The record that replaced it', await records.read(id), next)
    },
  },
  {
    claim: 'text is kept to the character, and a number to its last digit',
    check: async ({ records }) => {
      const [id, odd] = [makeId(), record({ state: { value: 'odd', context: { TEXTS, NUMBERS, '': {} } } })]
      await records.create(id, odd)
      expect('The record', await records.read(id), odd)
    },
  },
  {
    claim: 'a record may carry 60 KB, created and replaced',
    check: async ({ records }) => {
      const [id, big] = [makeId(), record({ state: { value: 'big', context: { text: 'größer '.repeat(6_700) } } })]
      await records.create(id, big)
      expect('The record that was created', await records.read(id), big)
      expect('replace()', await records.replace(id, 1, { ...big, version: 2 }), { ok: true })
      expect('The record that replaced it', await records.read(id), { ...big, version: 2 })
    },
  },
  {
    claim: 'a stored record does not change with the object that it was written from or read into',
    check: async ({ records }) => {
      const id = makeId()
      const context = { n: 1 }
      await records.create(id, record({ state: { value: 'a', context } }))
      context.n = 2
      const read = (await records.read(id))?.state?.context as { n: number }
      expect('n, after the object that was written changed', read.n, 1)
      read.n = 3
      expect('The context, after the object that was read changed', (await records.read(id))?.state?.context, { n: 1 })
    },
  },
  {
    claim: 'a record whose time is over is not there: it is neither read nor replaced, and another one can be created',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record({ ttl: PAST }))
      expect('read()', await records.read(id), undefined)
      const replaced = await records.replace(id, 1, record({ version: 2 }))
      expect('replace()', replaced, { ok: false, current: undefined })
      expect('read() after replace()', await records.read(id), undefined)
      expect('create()', await records.create(id, record()), true)
      expect('The version that is read', (await records.read(id))?.version, 1)
    },
  },
  {
    claim: 'a record ends when its next one says so',
    check: async ({ records }) => {
      const id = makeId()
      await records.create(id, record())
      await records.replace(id, 1, record({ version: 2, ttl: PAST }))
      expect('read()', await records.read(id), undefined)
    },
  },
  {
    claim: 'what is deleted is gone, a tombstone too, and nobody else with it',
    check: async ({ records }) => {
      const [id, buried, other] = [makeId(), makeId(), makeId()]
      for (const one of [id, other]) await records.create(one, record())
      await records.create(buried, record({ closed: CLOSED }))
      for (const one of [id, buried]) {
        await records.delete(one)
        expect('read() of what was deleted', await records.read(one), undefined)
        const replaced = await records.replace(one, 1, record({ version: 2 }))
        expect('replace() of what was deleted', replaced, { ok: false, current: undefined })
      }
      expect('The version of the other record', (await records.read(other))?.version, 1)
    },
  },
  {
    claim: 'deleting twice, or what was never there, is no mistake, and a record can be created anew',
    check: async ({ records }) => {
      const id = makeId()
      await records.delete(id)
      await records.create(id, record({ version: 3 }))
      await records.delete(id)
      await records.delete(id)
      expect('create() after delete()', await records.create(id, record()), true)
      expect('The version that is read', (await records.read(id))?.version, 1)
    },
  },
]

/** Every member that a record can have. */
const FULL = (): ConnectionRecord =>
  record({
    state: {
      value: { door: 'open', light: { hall: 'on' } },
      context: { list: [1, null, [], {}, [[0]]], deep: { empty: '', no: false } },
      historyValue: { 'door.hist': ['open'] },
      done: true,
    },
    machine: 'chat@1',
    claim: { token: 'request.1', deadline: 1_700_000_000_001, event: 'join' },
    due: [{ event: 'late', at: 1_700_000_000_002, id: 'alarm', payload: { n: 1 } }],
    done: ['request.0  ', 'request.2 1a 7'],
    settled: 2,
    resumed: { from: 'L0SM9cOFvHcCIhw=', session: 'AAAAAAAAAAAAAAA=' },
    closed: { by: 'gone', token: 'over', at: 1_700_000_000_003, to: 'BBBBBBBBBBBBBBB=', channels: ['lobby', 'ü#1'] },
  })

const TEXTS = [
  'é🙂👩‍🚀',
  '"\\/\u0000\u001f\u007f',
  '\u2028\u2029\ufeff',
  'e\u0301 \u00e9',
  ' \t\n',
  '{"v":1}',
  'true',
  '1e3',
  'null',
]
const NUMBERS = [0, -1, 0.1, 1.5e-7, 2 ** 53 - 1, 1e21, Number.MAX_VALUE, Number.MIN_VALUE]
