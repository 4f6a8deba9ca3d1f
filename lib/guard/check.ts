import { InternalError, UnauthenticatedError, UnavailableError } from '../errors.ts'
import type { Awaitable } from '../types/awaitable.ts'

/** What a token says. More may be there, for `onConnect`. */
export interface Identity {
  /** Whose it is. The connection is identified by it: `connection.userId`, `server.user(id)`. */
  readonly userId?: string | undefined
  /** Until when it counts, in epoch milliseconds: the `exp` of a JWT, times 1000. */
  readonly expiresAt?: number | undefined
}

/** Say what a token says. */
export type Verify<T extends Identity> = (
  token: string,
  facts: { readonly signal: AbortSignal },
) => Awaitable<T | undefined>

/** What `verify` says of a token. Throws what the peer may know. */
export const identityOf = async <T extends Identity>(
  verify: Verify<T>,
  shown: string,
  signal: AbortSignal,
): Promise<T> => {
  let identity: T | undefined
  try {
    identity = await inTime(async () => verify(shown, { signal }), signal)
  } catch (error) {
    const cause = await silent(error, shown)
    if (signal.aborted) throw new UnavailableError('The token could not be checked in time. Come again.', { cause })
    throw new UnauthenticatedError(WRONG, { cause })
  }
  if (identity === undefined || identity === null) throw new UnauthenticatedError(WRONG)
  const { userId, expiresAt } = Object(identity) as Identity
  if (Object(identity) !== identity || (userId === undefined && expiresAt === undefined))
    throw new InternalError('token({ verify }) returns { userId, expiresAt }, one of them at least, or undefined.')
  return identity
}

const WRONG = 'The token is not accepted.'

/** A check that hangs must not take the answer with it. */
const inTime = <Result>(run: () => Promise<Result>, signal: AbortSignal): Promise<Result> =>
  new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    run().then(resolve, reject)
  })

/** What is thrown goes to a log, and may quote the token: then it is told without. */
const silent = async (error: unknown, shown: string): Promise<unknown> => {
  const { inspect } = await import('node:util')
  const text = inspect(error, { depth: 10, showHidden: false })
  return text.includes(shown) ? new Error(text.replaceAll(shown, '…')) : error
}
