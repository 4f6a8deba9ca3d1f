import type { PeerError } from '../errors.ts'

/** A message of a peer, read. */
export interface Frame {
  /** The name of a route. */
  readonly action: string
  /** The peer's own id of this message; replies and errors carry it back. */
  readonly id: string | undefined
  /** How many messages that count the peer sent before this one. It waits for them to be settled. */
  readonly dep?: number | undefined
  readonly data: unknown
}

/**
 * How messages look on the wire. The default is `json()`; a codec of your own speaks an existing protocol.
 *
 * `read` throws an `InvalidArgumentError` for what it cannot read. The other functions return one text frame.
 */
export interface Codec {
  readonly read: (body: unknown) => Frame
  /** `undefined` where this wire says nothing, as JSON-RPC does after a message without an id. */
  readonly reply: (frame: Frame, data: unknown) => string | undefined
  readonly error: (frame: Frame | undefined, error: PeerError) => string | undefined
  /** `id` tells a broadcast from every other one, for peers that may get it twice. */
  readonly push: (event: string, data: unknown, id?: string) => string
  /** A step on the way to the reply. @default a push `$progress` of `{ id, data }` */
  readonly progress?: (frame: Frame, data: unknown) => string
  /** Its name among subprotocols, chosen by itself where a client offers it: `ws-interlock.deflate`. */
  readonly subprotocol?: string
  /** Whether a client that does not offer the subprotocol is turned away. @default false */
  readonly required?: boolean
  /**
   * Make of a text that came the JSON that was meant; `undefined` where it is a part, of which more has to come. Called
   * before anything else looks at the text. @default the text is the JSON
   */
  readonly open?: (text: string, from: Opening) => Opened | Promise<Opened>
  /**
   * Carry a frame by as many posts as it takes, one after the other; ends with the first that is not delivered.
   * @default one post
   */
  readonly carry?: <Outcome extends { readonly outcome: string }>(
    frame: string,
    post: (text: string) => Promise<Outcome>,
  ) => Promise<Outcome>
  /** Whether `open` needs somewhere to keep parts: a store with blobs. Without one `build()` refuses it. @default false */
  readonly keeps?: boolean
  /** Bytes of the largest frame that it can carry. @default 131072, what API Gateway carries in one message */
  readonly maxBytes?: number
}

/** A text, made readable. */
export type Opened = string | undefined

/** Where a text came from, and where its parts can wait for each other. */
export interface Opening {
  readonly connectionId: string
  /** Epoch milliseconds. */
  readonly now: number
  /** That of the store: texts that are kept for a while. `undefined` without a store, or where it has none. */
  readonly blobs: Keeping | undefined
}

/** The slice of a store's `Blobs` that a codec needs. */
export interface Keeping {
  readonly put: (key: string, text: string, ttlSeconds: number) => Promise<void>
  readonly claim: (key: string, ttlSeconds: number) => Promise<boolean>
  readonly get: (key: string) => Promise<string | undefined>
}
