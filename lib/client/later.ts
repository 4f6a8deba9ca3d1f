import type { Session } from './live.ts'
import type { Mirror } from './mirror.ts'

// What is loaded with the first connection that is made, or with the first error: code that nobody waits for.
export { addressOf } from './address.ts'
export { careOf } from './care.ts'
export { check } from './check.ts'
export { follow, next, stream } from './follow.ts'
export { again, lost } from './recover.ts'
export { refused } from './refused.ts'
export { takeOver } from './takeover.ts'
export { WORDS } from './words.ts'

/** The copy of the machine, which those without one do not load. */
export const mirrorOf = async ({ protocol, input, clock }: Session): Promise<Mirror | undefined> =>
  protocol && (await import('./mirror.ts')).mirror(protocol, { input, now: clock.now })
