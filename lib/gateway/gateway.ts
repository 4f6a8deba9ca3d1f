/** What came of a post to a connection. */
export type Delivery =
  | { readonly outcome: 'delivered' }
  /** The connection does not exist, or no longer (HTTP 410). */
  | { readonly outcome: 'gone' }
  /** Still throttled after every retry (HTTP 429). */
  | { readonly outcome: 'throttled'; readonly retryAfterMs: number }
  /** Over the 128 KB that API Gateway carries in one message (HTTP 413, or refused before it was sent). */
  | { readonly outcome: 'tooLarge'; readonly bytes: number; readonly maxBytes: number }
  /** The caller may not do this (HTTP 403). `reason` says which permission to grant. */
  | { readonly outcome: 'forbidden'; readonly reason: string }

/** One message carries 128 KB at most (WebSocket API quotas). Counted in bytes of UTF-8, not in characters. */
export const MAX_MESSAGE_BYTES = 131_072

/** What API Gateway knows of a live connection. */
export interface ConnectionInfo {
  readonly connectedAt: Date
  readonly lastActiveAt: Date
  readonly sourceIp: string
  readonly userAgent: string | undefined
}

/**
 * Delivers to connections. The default one is API Gateway's `@connections` API; a test or another transport can pass
 * its own as `ws({ gateway })`.
 *
 * Expected outcomes are values. A function rejects only where the outcome is unknown: a network failure, a 5xx answer.
 */
export interface Gateway {
  /**
   * Send one text message. `body` is sent as it is, in UTF-8. `retries`: how often one that is throttled is sent again; a
   * broadcast says 0, because it slows down as a whole. @default as the gateway likes
   */
  readonly post: (connectionId: string, body: string, signal?: AbortSignal, retries?: number) => Promise<Delivery>
  /** Close the connection. API Gateway sends close code 1000; no other can be chosen. */
  readonly close: (connectionId: string, signal?: AbortSignal) => Promise<Delivery>
  /** Ask for a live connection. `undefined` when it is gone. */
  readonly info: (connectionId: string, signal?: AbortSignal) => Promise<ConnectionInfo | undefined>
}
