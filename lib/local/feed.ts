import type { Injected } from './chaos.ts'
import type { Invocation } from './invoke.ts'

/** What is to be seen of a running gateway, in the order in which it happened. Times are epoch milliseconds. */
export type Seen =
  | {
      readonly kind: 'opened'
      readonly at: number
      readonly connectionId: string
      readonly sourceIp: string
      readonly userAgent?: string
      readonly query: string
    }
  /** The authorizer did not let a client in; what `$connect` refuses is an invocation. */
  | {
      readonly kind: 'refused'
      readonly at: number
      readonly connectionId: string
      readonly status: number
      readonly reason: string
    }
  /** Something went wrong on purpose. */
  | { readonly kind: 'chaos'; readonly at: number; readonly connectionId: string; readonly fault: Injected }
  /** A message of a client, before it is handled. */
  | {
      readonly kind: 'received'
      readonly at: number
      readonly connectionId: string
      readonly requestId: string
      readonly routeKey: string
      readonly body: string
    }
  /** An invocation came to its end; or a message had no route, and none took place. */
  | { readonly kind: 'invoked'; readonly at: number; readonly invocation: Invocation }
  /** A message to a client: posted through `@connections`, a route response, or the gateway's own error frame. */
  | {
      readonly kind: 'sent'
      readonly at: number
      readonly connectionId: string
      readonly text: string
      readonly by: Sender
    }
  | {
      readonly kind: 'closed'
      readonly at: number
      readonly connectionId: string
      readonly code: number
      readonly reason: string
    }

export type Sender = 'post' | 'response' | 'gateway'

/** Tells whoever listens. Without a listener nothing is put together: what is seen is asked for by a function. */
export interface Feed {
  readonly tell: (see: () => Seen) => void
  /** Returns how to stop listening. */
  readonly listen: (listener: (seen: Seen) => void) => () => void
}

export const makeFeed = (): Feed => {
  const listeners = new Set<(seen: Seen) => void>()
  return {
    tell: (see) => {
      if (listeners.size === 0) return
      const seen = see()
      for (const listener of listeners) {
        try {
          listener(seen)
        } catch {
          // Its own faults are not the client's.
        }
      }
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
