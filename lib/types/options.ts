import type { Gateway } from '../gateway/gateway.ts'
import type { Codec } from '../wire/codec.ts'

/** What `ws()` takes: everything that has no type to add. */
export interface Options {
  /**
   * How replies travel. `post`: through `@connections`, on any deployment. `route-response`: as the answer of the
   * invocation, which is cheaper and vanishes in silence unless the route has a route response deployed.
   * @default 'post'
   */
  readonly replies?: 'post' | 'route-response'
  /** What names the route: a field of the message, or the route that API Gateway selected. @default 'message' */
  readonly routeBy?: 'message' | 'routeKey'
  /** Delivers to connections. @default API Gateway's `@connections` API */
  readonly gateway?: Gateway
  /** The `https://` URL of the `@connections` API, for calls from outside of a connection. @default that of the last event */
  readonly endpoint?: string
  /** Send large broadcasts by a queue: `fanout({ client, queueUrl })`. @default every broadcast is sent by who says it */
  readonly fanout?: Fanning
  /** How messages look on the wire. @default json() */
  readonly codec?: Codec
  /** What a peer may send at most. */
  readonly limits?: Partial<Limits>
  /** Where warnings go. @default console.warn */
  readonly warn?: (warning: Warning) => void
  /** The time. A test passes its own. @default Date */
  readonly clock?: Clock
  /** A number from 0 up to 1, for ids and waits. A test passes its own. @default Math.random */
  readonly random?: () => number
}

/** Bounds of one message. A message above them is refused before anything reads it. */
export interface Limits {
  /** Bytes of the body. @default 131072, the 128 KB that API Gateway carries */
  readonly maxBytes: number
  /** Levels of nesting. @default 64 */
  readonly maxDepth: number
  /** Keys and items in all. @default 1000 */
  readonly maxKeys: number
}

/** Something that works and is probably not meant. */
export interface Warning {
  /** Stable: safe to filter by. */
  readonly code: WarningCode
  /** What was seen. */
  readonly message: string
  /** What to do about it, or how to say that it is meant. */
  readonly fix: string
}

export type WarningCode =
  /** There is neither an `onConnect` nor an authorizer. */
  | 'OPEN_DOOR'
  /** Routes under a protocol have no schema, so the events of their messages carry nothing. */
  | 'ROUTE_WITHOUT_SCHEMA'
  /** A store that lives in one process, on Lambda. */
  | 'MEMORY_ON_LAMBDA'
  /** Tasks that run in the process that answers, on Lambda. */
  | 'MEMORY_TASKS_ON_LAMBDA'
  /** A handler returned an answer for API Gateway, where its reply to the peer belongs. */
  | 'STATUS_AS_REPLY'
  /** A handler returned while something that it sent was still on its way. */
  | 'UNAWAITED_SEND'

/** What `fanout()` returns. It brings the code that it needs; an application without it carries none of that. */
export interface Fanning {
  readonly spread: (...given: never) => Promise<object>
  readonly work: (...given: never) => Promise<void>
}

export interface Clock {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Resolves after so many milliseconds. @default setTimeout */
  readonly wait?: (ms: number) => Promise<void>
}
