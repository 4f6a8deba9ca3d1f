import type { Declarations } from './declarations.ts'
import type { PushData, PushName } from './push.ts'

/** A channel, seen from a handshake: the connection can become a member. */
export interface ConnectChannel extends Members {
  /** Become a member as soon as the peer is let in. */
  readonly join: () => Promise<void>
}

/** A channel, seen from a message. */
export interface MessageChannel<D extends Declarations> extends Members {
  /** Become a member once the message is committed. */
  readonly join: () => Promise<void>
  /** Be a member no more. */
  readonly leave: () => Promise<void>
  /** Send to every member once the message is committed. Only a member may: `PERMISSION_DENIED` otherwise. */
  readonly broadcast: <const N extends PushName<D['pushes']>>(
    name: N,
    data: PushData<D['pushes'], N>,
    options?: BroadcastOptions,
  ) => Promise<void>
}

/** A channel, seen from a connection that has left it. */
export interface DisconnectChannel<D extends Declarations> extends Members {
  /** Send to those who are still members. */
  readonly broadcast: <const N extends PushName<D['pushes']>>(
    name: N,
    data: PushData<D['pushes'], N>,
    options?: BroadcastOptions,
  ) => Promise<void>
}

export interface BroadcastOptions {
  /** Whom to leave out: the sender, or connections by id. @default nobody */
  readonly except?: 'self' | readonly string[]
}

interface Members {
  /** The ids of the members, page by page as the loop asks for them. */
  readonly members: () => AsyncIterable<string>
}
