import type { MISTAKES } from '../mistakes.ts'
import type { App } from './app.ts'
import type { Messaging } from './context.ts'
import type { Declarations } from './declarations.ts'
import type { Missing } from './middleware.ts'
import type { Mistake } from './push.ts'
import type { RouteSpec, SpecData, SpecUse } from './route.ts'

// Tuples around what is tested keep these from distributing: under a protocol of n events that would cost n per route.

/** A name that is new, the peer's to send, and known to the protocol. */
export type CheckName<D extends Declarations, Handled extends string, N extends string> = [N] extends [Handled]
  ? Mistake<typeof MISTAKES.duplicateRoute, N>
  : [N] extends [`$${string}`]
    ? Mistake<typeof MISTAKES.lifecycleRoute, N>
    : [N] extends [D['names']]
      ? N
      : Mistake<typeof MISTAKES.unknownEvent, D['names']>

/** The same for a route without a schema: the event must need no payload. */
export type CheckBareName<
  D extends Declarations,
  Handled extends string,
  N extends string,
> = {} extends D['payloads'][N] ? CheckName<D, Handled, N> : Mistake<typeof MISTAKES.missingSchema, D['payloads'][N]>

/** A schema whose output is the payload of the event, and middleware whose needs are met. */
export type CheckSpec<D extends Declarations, N extends string, S extends RouteSpec> = [
  Fits<SpecData<S>, D['payloads'][N]>,
] extends [true]
  ? [Missing<Messaging<D, SpecData<S>>, SpecUse<S>>] extends [never]
    ? S
    : Mistake<typeof MISTAKES.missingNeeds, Missing<Messaging<D, SpecData<S>>, SpecUse<S>>>
  : [SpecData<S>] extends [undefined]
    ? Mistake<typeof MISTAKES.missingSchema, D['payloads'][N]>
    : Mistake<typeof MISTAKES.wrongPayload, D['payloads'][N]>

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
