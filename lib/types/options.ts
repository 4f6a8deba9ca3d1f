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
  /** Levels of nesting. @default 32 */
  readonly maxDepth: number
  /** Keys and items in all. @default 10000 */
  readonly maxKeys: number
}

/** Something that works and is probably not meant. */
export interface Warning {
  /** Stable: safe to filter by. */
  readonly code: string
  /** What was seen. */
  readonly message: string
  /** What to do about it, or how to say that it is meant. */
  readonly fix: string
}

export interface Clock {
  /** Epoch milliseconds. */
  readonly now: () => number
}
