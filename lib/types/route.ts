import type * as MISTAKES from '../mistakes.ts'
import type { AnySchema, InputOf, OutputOf } from '../schema.ts'
import type { AddedBy, AnyMiddleware } from './middleware.ts'
import type { Mistake } from './mistake.ts'

/** One handled route, as a typed client sees it. */
export interface Route<Name extends string = string, Input = unknown, Reply = unknown, Progress = unknown> {
  readonly name: Name
  readonly input: Input
  readonly reply: Reply
  /** What the client is told on the way to the reply. `never` where that is nothing. */
  readonly progress: Progress
}

export interface RouteOptions {
  /** Checks what the message carries before the handler sees it. Without it the route takes no data. */
  readonly input?: AnySchema
  /** Checks what the handler returns, and shapes it. The handler returns its input, the client gets its output. */
  readonly reply?: AnySchema
  /**
   * Checks what the handler says on its way to the reply, by `progress(data)`, and shapes it. Only a message with an id is
   * told. Without a schema the handler has no `progress`.
   */
  readonly progress?: AnySchema
  /** Middleware of this route alone, outermost first. */
  readonly use?: AnyMiddleware | readonly [AnyMiddleware, ...AnyMiddleware[]]
  /** Claim the connection before the handler runs, so that no other message of it runs meanwhile. @default true under a protocol where the message changes the state */
  readonly exclusive?: boolean
}

/** A route with more to say than its input. Made by `route()`. */
export interface RouteDetails<O extends RouteOptions = RouteOptions> {
  readonly '~route': O
}

/** What stands between a route's name and its handler. */
export type RouteSpec = AnySchema | RouteDetails

/**
 * Describe a route beyond its input.
 *
 * ```ts
 * ws().on('order', route({ input: Order, reply: Receipt, use: admins }), ({ data }) => place(data))
 * ```
 */
export const route = <const O extends RouteOptions>(options: O & OnlyKnown<O>): RouteDetails<O> => ({
  '~route': options,
})

/** A type parameter takes unknown members in silence; this refuses them. */
type OnlyKnown<O> = {
  readonly [K in Exclude<keyof O, keyof RouteOptions>]: Mistake<typeof MISTAKES.unknownRouteOption, keyof RouteOptions>
}

/** The schema of what the message carries. */
type InputSchema<S> = S extends AnySchema
  ? S
  : S extends { readonly '~route': { readonly input: infer I extends AnySchema } }
    ? I
    : NoData

/** Carries nothing. */
interface NoData {
  readonly '~standard': {
    readonly version: 1
    readonly types: { readonly input: undefined; readonly output: undefined }
  }
}

/** What the client sends. */
export type SpecInput<S extends RouteSpec> = InputOf<InputSchema<S>>

/** What the handler sees. */
export type SpecData<S extends RouteSpec> = OutputOf<InputSchema<S>>

/** What the handler must return. */
export type SpecReturn<S extends RouteSpec> = S extends {
  readonly '~route': { readonly reply: infer R extends AnySchema }
}
  ? InputOf<R> | Promise<InputOf<R>>
  : unknown

/** What the client gets. */
export type SpecReply<S extends RouteSpec, Returned> = S extends {
  readonly '~route': { readonly reply: infer R extends AnySchema }
}
  ? OutputOf<R>
  : Awaited<Returned>

/** What the client is told on the way to the reply. */
export type SpecProgress<S extends RouteSpec> = S extends {
  readonly '~route': { readonly progress: infer P extends AnySchema }
}
  ? OutputOf<P>
  : never

/** The middleware of the route. */
export type SpecUse<S extends RouteSpec> = S extends { readonly '~route': { readonly use: infer U } } ? U : undefined

/** What the route adds to the context of its handler: by its middleware, and by what it says of progress. */
export type SpecAdded<S extends RouteSpec> = S extends { readonly '~route': infer O } ? Used<O> & Progressing<O> : {}

type Used<O> = O extends { readonly use: infer U } ? AddedBy<U> : {}

type Progressing<O> = O extends { readonly progress: infer P extends AnySchema }
  ? {
      /**
       * Tell the client how far this is, at once, whatever becomes of the message. Nothing is sent where the message has
       * no id. Rejects with a `TypeError` for data that does not fit its schema.
       */
      readonly progress: (data: InputOf<P>) => Promise<void>
    }
  : {}
