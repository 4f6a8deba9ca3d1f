import type * as MISTAKES from '../mistakes.ts'
import type { AnySchema } from '../schema.ts'
import type { App } from './app.ts'
import type { Messaging } from './context.ts'
import type { Declarations } from './declarations.ts'
import type { Missing } from './middleware.ts'
import type { Mistake } from './mistake.ts'
import type { RouteSpec, SpecData, SpecUse } from './route.ts'

// What is tested stands bare, not in a tuple: it is one literal or one schema per route, and `[A] extends [B]` costs a
// large application a fifth more.

/** Nothing to add for a name that is new, the peer's to send, and known to the protocol. */
export type CheckName<Names extends string, Handled extends string, N extends string> = N extends Handled
  ? Mistake<typeof MISTAKES.duplicateRoute, N>
  : N extends `$${string}`
    ? Mistake<typeof MISTAKES.lifecycleRoute, N>
    : N extends Names
      ? unknown
      : Mistake<typeof MISTAKES.unknownEvent, Names>

/** The same for a route without a schema: the event must need no payload. */
export type CheckBareName<
  D extends Declarations,
  Handled extends string,
  N extends string,
> = {} extends D['payloads'][N]
  ? CheckName<D['names'], Handled, N>
  : Mistake<typeof MISTAKES.missingSchema, D['payloads'][N]>

/** A schema whose output is the payload of the event, and middleware whose needs are met. */
export type CheckSpec<D extends Declarations, N extends string, S extends RouteSpec> =
  Fits<SpecData<S>, D['payloads'][N]> extends true
    ? S extends AnySchema
      ? S
      : CheckUse<D, S, SpecUse<S>>
    : Mistake<
        [SpecData<S>] extends [undefined] ? typeof MISTAKES.missingSchema : typeof MISTAKES.wrongPayload,
        D['payloads'][N]
      >

/** The same for a task, whose progress has a shape of its own. */
export type CheckTaskSpec<D extends Declarations, N extends string, S extends RouteSpec> = S extends {
  readonly '~route': { readonly progress: AnySchema }
}
  ? Mistake<typeof MISTAKES.ownProgress, never>
  : CheckSpec<D, N, S>

// Costs nothing for a plain schema, which is what most routes have.
type CheckUse<D extends Declarations, S extends RouteSpec, Use> = Use extends undefined
  ? S
  : [Missing<Messaging<D, SpecData<S>>, Use>] extends [never]
    ? S
    : Mistake<typeof MISTAKES.missingNeeds, Missing<Messaging<D, SpecData<S>>, Use>>

/** The members of an event come from an object. An event that needs none may be sent without data. */
type Fits<Data, Payload> = unknown extends Payload
  ? true
  : [Data] extends [{} extends Payload ? (Payload & object) | undefined : Payload]
    ? true
    : false

/** Callable once a protocol has its store and each of its events a route. */
export type CheckBuild<
  D extends Declarations,
  Handled extends string,
  R extends object,
> = D['snapshot'] extends undefined
  ? () => App<D, R>
  : D['store'] extends undefined
    ? Mistake<typeof MISTAKES.protocolWithoutStore, never>
    : string extends D['names']
      ? () => App<D, R>
      : [Exclude<D['names'], Handled>] extends [never]
        ? () => App<D, R>
        : Mistake<typeof MISTAKES.missingRoutes, Exclude<D['names'], Handled>>

/** A name that is known to the compiler. Recording `string` would blame every later route, so it is not recorded. */
export type Known<N extends string> = string extends N ? never : N
