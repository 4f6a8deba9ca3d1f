import type { Blobs } from './store.ts'

/** Keep texts in a map of this process. `now` is in epoch milliseconds. */
export const memoryBlobs = (now: () => number): Blobs => {
  const texts = new Map<string, { readonly text: string; readonly end: number }>()
  let sweepAt = 0

  const get = (key: string) => {
    const kept = texts.get(key)
    return kept && kept.end > now() ? kept.text : undefined
  }
  const sweep = () => {
    if (now() < sweepAt) return
    sweepAt = now() + SWEEP_MS
    for (const [key, { end }] of texts) if (end <= now()) texts.delete(key)
  }
  const put = (key: string, text: string, ttlSeconds: number) => {
    sweep()
    texts.set(key, { text, end: now() + ttlSeconds * 1000 })
  }
  return {
    put: async (key, text, ttlSeconds) => put(key, text, ttlSeconds),
    claim: async (key, ttlSeconds) => {
      if (get(key) !== undefined) return false
      put(key, '', ttlSeconds)
      return true
    },
    get: async (key) => get(key),
  }
}

/** Texts whose time is over are looked for this often, when another one comes. */
const SWEEP_MS = 60_000
