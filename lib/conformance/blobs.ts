import { makeId } from '../event/make.ts'
import type { Blobs, StorePorts } from '../store/store.ts'
import type { StoreCase } from './case.ts'
import { expect } from './expect.ts'
import { atOnce } from './made.ts'

const blobsOf = ({ blobs }: StorePorts): Blobs => {
  if (!blobs) throw new Error('This store has no blobs, and need not have them: these cases are for those that have.')
  return blobs
}

/** Longer than any case takes. */
const A_WHILE = 600

export const blobCases: readonly StoreCase[] = [
  {
    claim: 'a text that was put is there, and another key has none',
    check: async (store) => {
      const { put, get } = blobsOf(store)
      const key = makeId()
      expect('get() before', await get(key), undefined)
      await put(key, 'first', A_WHILE)
      expect('get()', await get(key), 'first')
      expect('get() of another key', await get(`${key}!`), undefined)
    },
  },
  {
    claim: 'a text that is put again replaces the one before, as soon as it is put',
    check: async (store) => {
      const { put, get } = blobsOf(store)
      const key = makeId()
      for (let turn = 0; turn < 10; turn++) {
        await put(key, `text ${turn}`, A_WHILE)
        expect('get()', await get(key), `text ${turn}`)
      }
    },
  },
  {
    claim: 'of many who claim one key, one does, and nobody after it',
    check: async (store) => {
      const { claim } = blobsOf(store)
      const key = makeId()
      // Before the others, too: whatever has to be loaded or connected first would hold back all but one of them.
      expect('claim() of another key', await claim(`${key}!`, A_WHILE), true)
      const claims = await atOnce(8, () => claim(key, A_WHILE))
      expect('How many claimed it', claims.filter((yes) => yes).length, 1)
      expect('claim() later', await claim(key, A_WHILE), false)
    },
  },
  {
    claim: 'a key that is claimed has an empty text, and one that has a text cannot be claimed',
    check: async (store) => {
      const { put, claim, get } = blobsOf(store)
      const [claimed, given] = [makeId(), makeId()]
      await claim(claimed, A_WHILE)
      expect('get() of what is claimed', await get(claimed), '')
      await put(claimed, 'more', A_WHILE)
      expect('get() of a text that replaced a claim', await get(claimed), 'more')
      await put(given, 'text', A_WHILE)
      expect('claim() of what has a text', await claim(given, A_WHILE), false)
      expect('get() of what could not be claimed', await get(given), 'text')
    },
  },
  {
    claim: 'a text may have 256 KB, and is kept to the character, also when it is empty',
    check: async (store) => {
      const { put, get } = blobsOf(store)
      const key = makeId()
      for (const text of ['x'.repeat(256 * 1024), 'größer 語 🙂 e\u0301'.repeat(9_000), '', ' \n"\\', 'T', 'null']) {
        await put(key, text, A_WHILE)
        const came = await get(key)
        expect('Whether get() is what was put', came === text || came?.slice(0, 40), true)
      }
    },
  },
  {
    claim: 'a key may have any character in it, and is no connection and no channel',
    check: async (store) => {
      const { put, get } = blobsOf(store)
      const own = makeId()
      const keys = ['', '#', '/', ':', '{', '}', '%', '%23', ' ', '\u0001', '語', '@'].map((odd) => `${own}${odd}`)
      await Promise.all(keys.map((key) => put(key, `of ${key}`, A_WHILE)))
      for (const key of keys) expect('get()', await get(key), `of ${key}`)
      expect('read() of a connection of that name', await store.records.read(own), undefined)
      expect('members() of a channel of that name', await store.memberships.members(own), { connectionIds: [] })
    },
  },
]
