import type { Clock } from './options.ts'

/** Lets so many through in a second. */
export interface Bucket {
  /** Whether there is room for one more, which it then takes. */
  readonly take: () => boolean
}

/**
 * A token bucket, as API Gateway throttles ("Throttle requests to your REST APIs": "the token bucket algorithm"): it holds
 * `burst` tokens at most, and `perSecond` come in a second. It is full at the start.
 *
 * A clock that goes back leaves in it what is there, and it fills from there.
 */
export const bucket = (
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
  { now }: Pick<Clock, 'now'>,
): Bucket => {
  // Counted in thousandths of a token: whole milliseconds add whole numbers of them, and none is lost to rounding. A sum
  // of times would lose some: between two numbers as large as the time of today there is a four-thousandth of a millisecond.
  const full = burst * TOKEN
  let held = full
  let last = now()
  return {
    take: () => {
      const at = now()
      held = Math.min(full, held + Math.max(0, at - last) * perSecond)
      last = at
      if (held < TOKEN - TOLERANCE) return false
      held -= TOKEN
      return true
    },
  }
}

const TOKEN = 1_000

/** What floating point loses of a token, where a rate or a clock has fractions. */
const TOLERANCE = 1e-6
