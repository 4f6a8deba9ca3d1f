import type { Sent } from '../channel/broadcast.ts'
import type { ConnectionInfo } from '../gateway/gateway.ts'
import type * as MISTAKES from '../mistakes.ts'
import type { Store } from '../store/store.ts'
import type { PresenceOf, Presences } from './channel.ts'
import type { Declarations } from './declarations.ts'
import type { Mistake } from './mistake.ts'
import type { PushData, PushName } from './push.ts'

/**
 * Reach connections from anywhere: a cron job, a queue worker, a stream.
 *
 * ```ts
 * await chat.server.connection(id).push('message', { room: 'lobby', text: 'Maintenance in five minutes.' })
 * ```
 */
export interface Server<D extends Declarations> {
  /** Address one connection. Nothing is called before one of its functions is. */
  readonly connection: (id: string) => ServerConnection<D>
  /** Address all connections of a user, as `connection.identify()` said. Needs a store. */
  readonly user: D['store'] extends Store
    ? (userId: string) => ServerUser<D>
    : Mistake<typeof MISTAKES.keepingWithoutStore, never>
  /**
   * Answer a message whose answer was left to come later: `correlation` is what came with the event that it was published
   * as. With a `WsError` the client's `send` rejects. Where the connection was taken over (`resume()`) the answer goes to
   * the one that has its state now; a peer that has just been lost is waited for, three seconds at most. Resolves to
   * `false` when nobody is there, and rejects with a `TypeError` for what is no correlation, or of no route of this
   * application, or no reply of its route.
   */
  readonly reply: (correlation: string, data?: unknown) => Promise<boolean>
  /** Tell the client how far such a message is, as `route({ progress })` has it. Resolves to `false` when it is gone. */
  readonly progress: (correlation: string, step: unknown) => Promise<boolean>
  /** Address the members of a channel. Asks for no membership: the server is the server. Needs a store. */
  readonly channel: ServerChannels<D>
}

export interface ServerConnection<D extends Declarations> {
  /** Send to this connection. Resolves to `false` when it is gone. */
  readonly push: <const N extends PushName<D['pushes']>>(name: N, data: PushData<D['pushes'], N>) => Promise<boolean>
  /**
   * Ask the client to open another connection and then to close this one, which stays open meanwhile: a `$bye` with the
   * code `GOING_AWAY`. Resolves to `false` when it is gone.
   */
  readonly goAway: (reason?: string) => Promise<boolean>
  /** Say `$bye` with a reason, then disconnect. A connection that is gone already is closed enough. */
  readonly close: (reason?: string) => Promise<void>
  /** Ask API Gateway for the connection. `undefined` when it is gone. */
  readonly info: () => Promise<ConnectionInfo | undefined>
  /**
   * Send an event to the machine. Rejects with `FailedPreconditionError` where it is not allowed now. Under an `id` it is
   * applied once, however often it is sent, as far as the connection remembers: its last 8 events and messages at least.
   * Needs a protocol.
   */
  readonly dispatch: Dispatch<D>
}

export interface ServerUser<D extends Declarations> {
  /** Send to every connection of the user. */
  readonly push: <const N extends PushName<D['pushes']>>(name: N, data: PushData<D['pushes'], N>) => Promise<Sent>
  /** The ids of the user's connections. */
  readonly connections: () => AsyncIterable<string>
  /** Say `$bye` with a reason and disconnect, on every connection. Resolves with how many there were. */
  readonly disconnect: (reason?: string) => Promise<number>
}

export interface ServerChannel<D extends Declarations> {
  /** Who is present. */
  readonly presence: PresenceOf<D, Presences<D>>
  /**
   * Give the channel at least so many shards, a power of two up to 1,024: about one per 4,000 members that are to come. A
   * channel grows by itself as it is read; this is for the rush that is known before.
   */
  readonly grow: (shards: number) => Promise<void>
  /** Send to every member. */
  readonly broadcast: <const N extends PushName<D['pushes']>>(
    name: N,
    data: PushData<D['pushes'], N>,
    options?: ServerBroadcastOptions,
  ) => Promise<Sent>
  /** The ids of the members, page by page as the loop asks for them. */
  readonly members: () => AsyncIterable<string>
}

export interface ServerBroadcastOptions {
  /** Connection ids to leave out. @default none */
  readonly except?: readonly string[]
  /** Aborts when there is no time left: whoever was not reached by then is `deferred`. @default none */
  readonly signal?: AbortSignal
}

type ServerChannels<D extends Declarations> = D['store'] extends Store
  ? (name: string) => ServerChannel<D>
  : Mistake<typeof MISTAKES.channelWithoutStore, never>

type Dispatch<D extends Declarations> = D['snapshot'] extends undefined
  ? Mistake<typeof MISTAKES.noMachine, never>
  : (event: D['events'], options?: DispatchOptions) => Promise<void>

export interface DispatchOptions {
  /** 1 to 128 characters, the same whenever this event is sent. Apart from the ids of messages. @default none */
  readonly id?: string
}
