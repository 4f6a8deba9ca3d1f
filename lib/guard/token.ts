import { UnauthenticatedError } from '../errors.ts'
import { need, needFunctions, needKeys } from '../mistakes.ts'
import type { Schema } from '../schema.ts'
import type { ConnectFacts, DisconnectFacts, MessageFacts } from '../types/context.ts'
import type { Next, Passed } from '../types/middleware.ts'
import { find, isLong, TOO_LONG, type TokenPlaces } from './bearer.ts'
import { type Identity, identityOf, type Verify } from './check.ts'

export interface TokenOptions<T extends Identity> extends TokenPlaces {
  /**
   * Say what a token says. `undefined`, or whatever is thrown, refuses it; what was thrown goes to `onError` and never to
   * the peer. `signal` aborts shortly before Lambda kills the invocation, and the peer is then told to come again.
   */
  readonly verify: Verify<T>
  /** Let in whoever shows no token: it may come as the message `$token`. @default false */
  readonly optional?: boolean
  /**
   * How long before its end another token is asked for, in milliseconds, and no sooner than half of its time is over. 0:
   * none is asked for. @default 60_000
   */
  readonly leadMs?: number
}

/** What `token()` makes: a middleware for `.use()`. */
export interface TokenGuard<T extends Identity> {
  (context: TokenContext, next: Next): Promise<Passed<{ readonly token: T | undefined }>>
  /** The routes that come with it. They are part of no protocol. */
  readonly '~routes': readonly {
    readonly name: string
    readonly input: Schema
    readonly run: (context: object) => unknown
  }[]
  /** The record of a connection is read with each message. */
  readonly '~reads': true
}

/** What it needs: contexts of an application with a store. */
export type TokenContext = ((ConnectFacts | MessageFacts) & Keeping) | DisconnectFacts

interface Keeping {
  readonly connection: {
    readonly identify: (userId: string) => Promise<void>
    readonly expire: (at: number) => Promise<void>
  }
}

/**
 * Let in those who show a token, and know when it is over.
 *
 * ```ts
 * const identity = token({
 *   verify: async (jwt, { signal }) => {
 *     const { sub, exp, role } = await check(jwt, { signal })
 *     return { userId: sub, expiresAt: exp * 1000, role }
 *   },
 * })
 * ws().store(store).use(identity).onConnect(({ token }) => (token?.role === 'guest' ? reject(403) : undefined))
 * ```
 *
 * - A token comes at `$connect`: as the subprotocol `bearer.<base64url>` behind the one that is to be chosen, or in the
 *   query, `?token=…`. Without one, with a wrong one, or with two, the peer is refused with 401.
 * - `context.token` is what `verify` returned, where it ran: in `onConnect`. It is `undefined` for a peer without a token
 *   under `optional`, and in every other phase: what is kept is `connection.userId` and `connection.expiresAt`. For more,
 *   `connection.update()` in `onConnect`.
 * - `{ "action": "$token", "id": "1", "data": { "token": "…" } }` shows another one, at any time and in any state of a
 *   protocol. It is answered by `{ "expiresAt": … }`, and has to be the same user's (`PERMISSION_DENIED`).
 * - `leadMs` before the end the peer is pushed `$token`, with `{ "expiresAt": … }`: with the next message that it sends;
 *   a silent one by the `deadlines` of the protocol.
 * - When it is over the next message is refused with `UNAUTHENTICATED`, and the connection ends with `$bye`. A silent peer
 *   is ended by the `deadlines` of the protocol; without those it stays until it speaks, and hears broadcasts until then.
 *
 * A route of your own, such as `auth`, needs none of this: it calls `connection.identify()` and `connection.expire()`.
 * Where several functions share an API, an `authorizer()` is the better place: see `tokenOf()`.
 *
 * Needs a store. Costs one read with each message where neither a protocol nor `.connection()` reads already. Throws a
 * TypeError for options that are none.
 */
export const token = <T extends Identity>(options: TokenOptions<T>): TokenGuard<T> => {
  needKeys('token()', options, ['verify', 'query', 'subprotocol', 'optional', 'leadMs'])
  const { verify, query = 'token', subprotocol = true, optional = false, leadMs = 60_000 } = options
  needFunctions('token()', { verify })
  need(
    query === false || (typeof query === 'string' && query !== ''),
    'The name of a parameter, or false,',
    'token({ query })',
  )
  need(typeof subprotocol === 'boolean', 'A boolean', 'token({ subprotocol })')
  need(typeof optional === 'boolean', 'A boolean', 'token({ optional })')
  need(Number.isSafeInteger(leadMs) && leadMs >= 0, 'A whole number of milliseconds', 'token({ leadMs })')

  /** Check a token and take its word. */
  const take = async (shown: string, { connection, signal }: Taking) => {
    const identity = await identityOf(verify, shown, signal)
    return { identity, ...(await connection['~renew'](identity, leadMs)) }
  }
  const guard = async (context: TokenContext, next: Next) => {
    if (context.phase !== 'connect') return next<Added<T>>(NOTHING)
    const { token: shown, flaw } = find(context, { query, subprotocol })
    if (flaw !== undefined) throw new UnauthenticatedError(flaw)
    if (shown === undefined && optional) return next<Added<T>>(NOTHING)
    if (shown === undefined) throw new UnauthenticatedError(missing(query, subprotocol))
    const { identity } = await take(shown, context as unknown as Taking)
    return next<Added<T>>({ token: identity })
  }
  const run = async (given: object) => {
    const context = given as Taking & { readonly data: { readonly token: string } } // as its schema says
    const { expiresAt } = await take(context.data.token, context)
    return { expiresAt }
  }
  return Object.assign(guard, { '~routes': [{ name: '$token', input: TOKEN, run }], '~reads': true } as const)
}

interface Added<T> {
  readonly token: T | undefined
}
const NOTHING = { token: undefined }

/** What the contexts have besides what they show: the connection takes the word of a token (state/expiry.ts). */
interface Taking {
  readonly signal: AbortSignal
  readonly connection: {
    readonly '~renew': (word: Identity, leadMs: number) => Promise<{ readonly expiresAt: number | undefined }>
  }
}

const missing = (query: string | false, subprotocol: boolean) => {
  const places = [subprotocol && "the subprotocol 'bearer.' and the token in base64url", query && `?${query}=…`]
  return `A token is missing: ${places.filter(Boolean).join(', or ') || 'this application takes none at $connect'}.`
}

const TOKEN: Schema = {
  '~standard': {
    version: 1,
    vendor: 'ws-interlock',
    validate: (value) => {
      const { token: shown }: { readonly token?: unknown } = Object(value)
      if (typeof shown !== 'string' || shown === '')
        return { issues: [{ message: 'It is a token: a text.', path: ['token'] }] }
      return isLong(shown) ? { issues: [{ message: TOO_LONG, path: ['token'] }] } : { value: { token: shown } }
    },
  },
}
