import { type Blobs, type Broken, but, pause, whole } from './breaking.ts'

/** A good store under keys that are not what was given. */
const keyed = (keyOf: (key: string) => string) =>
  but(({ blobs: { put, claim, get } }) => ({
    blobs: {
      put: (key, text, ttlSeconds) => put(keyOf(key), text, ttlSeconds),
      claim: (key, ttlSeconds) => claim(keyOf(key), ttlSeconds),
      get: (key) => get(keyOf(key)),
    },
  }))

const blobs = (breaks: (good: Blobs) => Partial<Blobs>) => but(({ blobs }) => ({ blobs: breaks(blobs) }))

export const BROKEN_BLOBS: readonly Broken[] = [
  {
    flaw: 'a key is cut at 16 characters',
    seenBy: 'a text that was put is there, and another key has none',
    store: keyed((key) => key.slice(0, 16)),
  },
  {
    flaw: 'a key loses the characters that are no letters',
    seenBy: 'a key may have any character in it',
    store: keyed((key) => key.replace(/[^\w=-]/g, '')),
  },
  {
    flaw: 'put() leaves what is there',
    seenBy: 'a text that is put again replaces the one before',
    store: blobs(({ put, get }) => ({
      put: async (key, text, ttlSeconds) => {
        if ((await get(key)) === undefined) await put(key, text, ttlSeconds)
      },
    })),
  },
  {
    flaw: 'get() is one put() behind',
    seenBy: 'a text that is put again replaces the one before',
    store: blobs(({ put, get }) => {
      const before = new Map<string, string>()
      return {
        put: async (key, text, ttlSeconds) => {
          const old = await get(key)
          if (old !== undefined) before.set(key, old)
          await put(key, text, ttlSeconds)
        },
        get: async (key) => before.get(key) ?? get(key),
      }
    }),
  },
  {
    flaw: 'claim() looks first and writes later',
    seenBy: 'of many who claim one key, one does',
    store: blobs(({ put, get }) => ({
      claim: async (key, ttlSeconds) => {
        if ((await get(key)) !== undefined) return false
        await pause()
        await put(key, '', ttlSeconds)
        return true
      },
    })),
  },
  {
    flaw: 'claim() takes what has a text',
    seenBy: 'a key that is claimed has an empty text',
    store: blobs(({ put, get, claim }) => ({
      claim: async (key, ttlSeconds) => {
        if (await get(key)) await put(key, '', ttlSeconds)
        else return claim(key, ttlSeconds)
        return true
      },
    })),
  },
  {
    flaw: 'get() of a claim finds nothing',
    seenBy: 'a key that is claimed has an empty text',
    store: blobs(({ get }) => ({ get: async (key) => (await get(key)) || undefined })),
  },
  {
    flaw: 'a text is cut at 128 KB',
    seenBy: 'a text may have 256 KB',
    store: blobs(({ put }) => ({ put: (key, text, ttlSeconds) => put(key, text.slice(0, 128 * 1024), ttlSeconds) })),
  },
  {
    flaw: 'there are no blobs',
    seenBy: 'a text that was put is there',
    store: () => {
      const { blobs: _, ...rest } = whole()
      return rest
    },
  },
]
