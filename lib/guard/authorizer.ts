import type { AuthorizerEvent } from '../event/authorizer.ts'
import { headersOf, queryOf, subprotocolsOf } from '../event/handshake.ts'
import type * as MISTAKES from '../mistakes.ts'
import { need, needFunctions } from '../mistakes.ts'
import { type AnySchema, type InputOf, type Schema, valid } from '../schema.ts'
import type { Awaitable } from '../types/awaitable.ts'
import type { Mistake } from '../types/mistake.ts'
import {
  type Allow,
  type AuthorizerResult,
  allow,
  deny,
  type Flat,
  resultOf,
  unauthorized,
  type Verdict,
} from './verdict.ts'

/** A Lambda authorizer of `$connect`, and what it was made with. */
export interface Authorizer<S extends AnySchema | undefined = undefined> {
  (event: AuthorizerEvent): Promise<AuthorizerResult>
  /** The schema of what later events have as `authorizer`, for `ws().authorizer(auth.context)`. */
  readonly context: S
}

/** What a peer that asks for a connection has shown, and how to answer it. */
export interface Asked<S extends AnySchema | undefined = undefined> {
  /** API Gateway's event, as it came. */
  readonly event: AuthorizerEvent
  readonly query: URLSearchParams
  readonly headers: Headers
  /** What the client offered in `Sec-WebSocket-Protocol`, in its order. */
  readonly subprotocols: readonly string[]
  readonly stageVariables: Readonly<Record<string, string>>
  /**
   * Let the peer in. Later events have the id and the context as `authorizer`.
   *
   * Throws a `TypeError` for an empty id, and for a context with anything but strings, numbers and booleans.
   */
  readonly allow: Allow<S>
  /** Turn the peer away with 403. */
  readonly deny: <C extends Flat<C>>(context?: C) => Verdict
  /** Turn the peer away with 401: it has not said who it is, or not in a way that can be believed. */
  readonly unauthorized: () => Verdict
}

/**
 * Make a Lambda authorizer: the function that API Gateway asks before `$connect`, and whose word it attaches to every
 * event of the connection.
 *
 * ```ts
 * const Member = v.object({ principalId: v.string(), tenant: v.string(), admin: v.boolean() })
 *
 * export const auth = authorizer(Member, async ({ query, allow, deny, unauthorized }) => {
 *   const user = await verify(query.get('token'))
 *   if (!user) return unauthorized()
 *   return user.isBanned ? deny() : allow(user.id, { tenant: user.tenant, admin: user.isAdmin })
 * })
 *
 * ws().authorizer(Member)     // context.authorizer is { principalId: string, tenant: string, admin: boolean }
 * ```
 *
 * - The schema is that of `context.authorizer`. What `allow` is given must fit it, here and in the application.
 * - The policy is of the call that was asked about and of no other: one for another ARN is a 403.
 * - Whatever the handler throws lets nobody in. It is logged through `console.error`, and the client reads 500, as of any
 *   authorizer that fails on AWS: never 401, even where a message of somebody else's is 'Unauthorized'.
 *
 * The result has 8 KB at most (quotas of API Gateway); above that it fails in the same way.
 */
export const authorizer: MakeAuthorizer = (...given: readonly unknown[]) => {
  const [context, decide] = given.length > 1 ? given : [undefined, given[0]]
  if (given.length > 1) needFunctions('authorizer(schema)', Object(context)['~standard'], ['validate'])
  needFunctions('authorizer()', { decide })
  const schema = context as Schema | undefined
  const ask = async (event: AuthorizerEvent) => {
    const result = await judge(event, schema, decide as Decide)
    // The one message for which API Gateway answers 401.
    if (!result) throw new Error('Unauthorized')
    return result
  }
  // The schema and the handler were looked at above. The signatures below say what they are.
  return Object.assign(ask, { context: schema as never })
}

/** The order matters: the compiler explains a mistake by the last signature. */
interface MakeAuthorizer {
  (decide: (asked: Asked) => Awaitable<Verdict>): Authorizer
  <S extends AnySchema>(context: CheckContext<S>, decide: (asked: Asked<S>) => Awaitable<Verdict>): Authorizer<S>
}

type Decide = (asked: object) => unknown

/** `undefined` for a peer that is not authorized. */
const judge = async (event: AuthorizerEvent, schema: Schema | undefined, decide: Decide) => {
  try {
    const { methodArn } = Object(event) as AuthorizerEvent
    need(typeof methodArn === 'string', 'methodArn', 'the event, which is not that of a REQUEST authorizer')
    const verdict = (await decide(askedOf(event))) as Verdict
    need(
      typeof Object(verdict).effect === 'string',
      'An answer made by allow(), deny() or unauthorized()',
      'authorizer()',
    )
    if (verdict.effect === 'Unauthorized') return undefined
    const { effect, principalId, context } = verdict
    if (schema && effect === 'Allow') await valid(schema, { ...context, principalId }, 'What allow() was given')
    return resultOf(methodArn, verdict)
  } catch (error) {
    console.error('The authorizer failed, so that it lets nobody in.', error)
    throw new Error('The authorizer failed, so that it lets nobody in. Its log says why.', { cause: error })
  }
}

// Getters, for what is destructured: the global Headers cost a cold start tens of milliseconds.
const askedOf = (event: AuthorizerEvent) => ({
  event,
  get query() {
    return queryOf(event)
  },
  get headers() {
    return headersOf(event)
  },
  get subprotocols() {
    return subprotocolsOf(event)
  },
  stageVariables: event.stageVariables ?? {},
  allow,
  deny,
  unauthorized,
})

/** A schema of what API Gateway carries. The mistake names the keys that it does not. */
type CheckContext<S extends AnySchema> = [Unfit<InputOf<S>>] extends [never]
  ? S
  : Mistake<typeof MISTAKES.nestedContext, Unfit<InputOf<S>>>

type Unfit<In> = In extends object
  ? { [K in keyof In]-?: In[K] extends string | number | boolean | undefined ? never : K }[keyof In]
  : In
