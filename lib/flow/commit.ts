import type { Claimed } from './claim.ts'
import { Fault } from './fault.ts'
import type { Handled } from './handle.ts'

/**
 * Make it true: store what the handler has earned, then let out what it sent. Throws when nothing was earned. Without a
 * protocol there is nothing to store; `state/commit.ts` is the other case.
 */
export const commit = (claimed: Claimed, handled: Handled): Promise<void> | undefined => {
  if (claimed.commit) return claimed.commit(handled)
  if (handled.failure) throw new Fault(handled.failure.error)
  return undefined
}
