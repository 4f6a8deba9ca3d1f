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
  readonly reply: (frame: Frame, data: unknown) => string
  readonly error: (frame: Frame | undefined, error: PeerError) => string
  /** `id` tells a broadcast from every other one, for peers that may get it twice. */
  readonly push: (event: string, data: unknown, id?: string) => string
}
