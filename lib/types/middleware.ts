import type { Awaitable } from './awaitable.ts'
import type { ConnectFacts, DisconnectFacts, MessageFacts } from './context.ts'

/**
 * Code around every phase of an application or around one route, written apart from both.
 *
 * `Added` is what it gives to the contexts after it, `Needs` is what the contexts before it must have.
 *
 * ```ts
 * const withUser: Middleware<{ user: User }> = async (context, next) => next({ user: await find(context.connection.id) })
 * const admins: Middleware<{}, { user: User }> = async ({ user }, next) => {
 *   if (!user.admin) throw new PermissionDeniedError('For administrators only.')
 *   await next()
 * }
 * ws().use(withUser).use(admins)
 * ```
 */
export type Middleware<Added extends object = {}, Needs extends object = {}> = (
  context: AnyFacts & Needs,
  next: Next,
) => Awaitable<{} extends Added ? Passed<Added> | void : Passed<Added>>

/** Run what comes after. What is passed to it is in every later context. */
export type Next = <Added extends object = {}>(added?: Added) => Promise<Passed<Added>>

/** The proof that `next` was called, and with what. */
export interface Passed<Added extends object> {
  readonly '~added': Added
}

/** What every middleware may rely on; `phase` tells which one it is in. */
export type AnyFacts = (ConnectFacts | MessageFacts | DisconnectFacts) & { readonly authorizer: unknown }

/** Any middleware. A method, hence bivariant: one that needs more than `AnyFacts` fits as well, and is checked where it is used. */
export type AnyMiddleware = {
  run(context: AnyFacts, next: Next): Awaitable<Passed<object> | void>
}['run']

/** What a middleware, or a list of them, adds. */
export type AddedBy<Use> = Use extends readonly [infer First, ...infer Rest]
  ? AddedBy<First> & AddedBy<Rest>
  : Use extends (context: never, next: never) => infer Returned
    ? Extract<Awaited<Returned>, Passed<object>> extends Passed<infer Added>
      ? Added
      : {}
    : {}

/** The keys that a middleware, or a list of them, misses in a context. `never` when nothing is missing. */
export type Missing<Context, Use> = Use extends readonly [infer First, ...infer Rest]
  ? Missing<Context, First> | Missing<Context & AddedBy<First>, Rest>
  : Use extends (context: infer Needed, next: never) => unknown
    ? Context extends Needed
      ? never
      : Lacking<keyof Needed, keyof Context, Needed>
    : never

/** The keys that are not there; or, where all are there and one has another type, the whole that is needed. */
type Lacking<Wanted, Given, Needed> = [Exclude<Wanted, Given>] extends [never] ? Needed : Exclude<Wanted, Given>
