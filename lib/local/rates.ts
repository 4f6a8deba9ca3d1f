import type { Clock } from './options.ts'

/** Lets so many through in a second. */
export interface Bucket {
  /** Whether there is room for one more, which it then takes. */
  readonly take: () => boolean
}

/**
 * A token bucket, as API Gateway throttles ("Throttle requests to your REST APIs": "the token bucket algorithm"): it holds
 * `burst` tokens at most, and `perSecond` come in a second.
 *
 * A clock that goes back leaves it empty, and it fills from there.
 */
export const bucket = (
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
  { now }: Pick<Clock, 'now'>,
): Bucket => {
  // Kept as the time at which the bucket was, or will be, empty: no sum that drifts.
  const tokenMs = 1_000 / perSecond
  let emptyAt = Number.NEGATIVE_INFINITY
  return {
    take: () => {
      const at = now()
      emptyAt = Math.min(emptyAt, at)
      const from = Math.max(emptyAt, at - burst * tokenMs)
      if (from + tokenMs > at + TOLERANCE_MS) return false
      emptyAt = from + tokenMs
      return true
    },
  }
}

/** What floating point loses of a token. */
const TOLERANCE_MS = 1e-6
