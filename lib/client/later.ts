import { careOf } from './care.ts'
import type { Session } from './live.ts'

// What is loaded with the first connection that is made, or with the first error: code that nobody waits for.
export { addressOf } from './address.ts'
export { check } from './check.ts'
export { follow, next, stream } from './follow.ts'
export { prepare } from './pipeline.ts'
export { again, lost } from './recover.ts'
export { refused } from './refused.ts'
export { takeOver } from './takeover.ts'
export { WORDS } from './words.ts'

type Care = ReturnType<typeof careOf>

/** A connection is in service. */
export const begin = (session: Session, ...given: Parameters<Care['begin']>): void => {
  careOf(session).begin(...given)
  session.served?.()
}

/** The server asks for something. */
export const asked = (session: Session, ...given: Parameters<Care['asked']>): void =>
  void careOf(session).asked(...given)
