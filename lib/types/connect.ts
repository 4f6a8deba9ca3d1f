/** What `onConnect` returns to let a peer in and to name the subprotocol. Made by `accept()`. */
export interface Accept extends AcceptOptions {
  readonly accepted: true
}

export interface AcceptOptions {
  /** One of `context.subprotocols`. A browser that offered some closes the connection unless one is chosen. */
  readonly subprotocol?: string
}

/** What `onConnect` returns to turn a peer away. Made by `reject()`. */
export interface Reject {
  /** The status of the HTTP upgrade. */
  readonly status: 400 | 401 | 403 | 404 | 409 | 426 | 429 | 500 | 503
  /** The body of the refusal. A browser does not show it to its page. */
  readonly reason?: string
}

/**
 * Let a peer in. Says in code that an open door is meant.
 *
 * ```ts
 * ws().onConnect(({ subprotocols }) => accept({ subprotocol: subprotocols[0] ?? 'v1' }))
 * ```
 */
export const accept = (options: AcceptOptions = {}): Accept => ({ accepted: true, ...options })

/**
 * Turn a peer away before the connection exists.
 *
 * ```ts
 * ws().onConnect(({ query }) => {
 *   if (!query.has('name')) return reject(401, 'Say who you are: ?name=')
 * })
 * ```
 */
export const reject = (status: Reject['status'], reason?: string): Reject => ({
  status,
  ...(reason !== undefined && { reason }),
})
