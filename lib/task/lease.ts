import type { Blobs } from '../store/store.ts'

/** The right to run a task for a while. It spares work, and decides nothing: two may have it, where one has slept. */
export interface Lease {
  /** `false` where another one has it by now. */
  readonly renew: () => Promise<boolean>
  readonly release: () => Promise<void>
}

/** Take it. `undefined` where another one has it. */
export const takeLease = async (blobs: Blobs, key: string): Promise<Lease | undefined> => {
  if (!(await blobs.claim(key, LEASE_SECONDS))) return undefined
  const token = process.getBuiltinModule('node:crypto').randomUUID()
  let isMine = true
  const renew = async () => {
    const said = await blobs.get(key)
    // Over, since this one has slept: who asks first has it.
    if (said === undefined) return blobs.claim(key, LEASE_SECONDS)
    if (said !== '' && said !== token) return false
    await blobs.put(key, token, LEASE_SECONDS)
    return true
  }
  return {
    renew: async () => {
      isMine &&= await renew()
      return isMine
    },
    release: async () => {
      // A text cannot be taken away: it is over in a second.
      if (isMine) await blobs.put(key, '', 1)
    },
  }
}

/** Less than a job is held for: when that of a worker that died comes again, nobody has the task. */
const LEASE_SECONDS = 45
