import type { PeerError } from '../errors.ts'

/** A message, as the client says it. */
export interface Outgoing {
  readonly action: string
  readonly id?: string | undefined
  readonly dep?: number | undefined
  readonly data?: unknown
}

/** A frame that came, read: a reply, an error, a step on the way to a reply, or a push. */
export interface Incoming {
  readonly action?: string | undefined
  readonly id?: string | undefined
  readonly event?: string | undefined
  readonly data?: unknown
  readonly progress?: unknown
  readonly error?: PeerError | undefined
}

/**
 * How messages look on the wire, from the client's side. The default is JSON as it stands; `ws-interlock/client/codec`
 * has the others, each the counterpart of the codec of the same name on the server.
 */
export interface ClientCodec {
  /** What the client offers as a subprotocol: `ws-interlock.deflate`. The server has to speak the same. */
  readonly subprotocol: string
  /** Write a message as text frames, which leave in this order. */
  readonly write: (message: Outgoing) => Written | Promise<Written>
  /**
   * Read a text that came; `undefined` where it is a part, of which more has to come. Throws, or rejects, in a sentence
   * for what it cannot read.
   */
  readonly read: (text: string) => Incoming | undefined | Promise<Incoming | undefined>
  /** The connection in service is lost: what had no answer on it waits for none any more. */
  readonly lost?: () => void
}

export type Written = string | readonly string[]
