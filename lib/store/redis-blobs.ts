import { isOne, textIn } from './redis-answers.ts'
import type { RunScript } from './redis-client.ts'
import { CLAIM, GET, PUT } from './redis-scripts.ts'
import type { Blobs } from './store.ts'

/** Keep texts in keys that end by themselves. */
export const redisBlobs = (run: RunScript, prefix: string): Blobs => {
  const keyOf = (key: string) => `${prefix}b:{${encodeURIComponent(key)}}`
  const milliseconds = (seconds: number) => String(Math.ceil(seconds * 1000))
  return {
    put: async (key, text, ttlSeconds) => void (await run(PUT, [keyOf(key)], text, milliseconds(ttlSeconds))),
    claim: async (key, ttlSeconds) => {
      // A client sends again what was not answered, and would then meet its own claim.
      const mark = process.getBuiltinModule('node:crypto').randomUUID()
      return isOne(await run(CLAIM, [keyOf(key)], mark, milliseconds(ttlSeconds)))
    },
    get: async (key) => textIn(await run(GET, [keyOf(key)])),
  }
}
