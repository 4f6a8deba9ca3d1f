import type * as MISTAKES from '../mistakes.ts'
import type { AnySchema, InputOf, OutputOf } from '../schema.ts'
import type { Awaitable } from './awaitable.ts'
import type { Wire } from './client.ts'
import type { Joining } from './context.ts'
import type { Declarations } from './declarations.ts'
import type { Mistake } from './mistake.ts'
import type { PushData, PushName } from './push.ts'

/** What holds of all channels. */
export interface ChannelOptions<D extends Declarations, S extends AnySchema | undefined> {
  /**
   * Whether a connection may join a channel. Called at each `join()`, before anything is stored; false refuses it with
   * `PERMISSION_DENIED`, and what is thrown refuses it with that. @default every channel is open
   */
  readonly authorize?: (context: Joining<D>, channel: string) => Awaitable<boolean>
  /** Make one name of several: `(name) => name.normalize('NFC')`. @default names are taken as they are */
  readonly normalize?: (name: string) => string
  /** What is said of whoever is present: the meta of `presence.track(meta)`. At most 256 bytes of JSON. @default nothing */
  readonly presence?: S
  /**
   * Have each broadcast carry an id, so that a client on two connections drops what it has heard on the other one.
   * @default where the protocol has `resume`, or there is a `fanout`
   */
  readonly ids?: boolean
}

/** A channel, seen from a handshake: the connection can become a member. */
export interface ConnectChannel extends Members {
  /** Become a member as soon as the peer is let in. */
  readonly join: () => Promise<void>
}

/** A channel, seen from a message. */
export interface MessageChannel<D extends Declarations> extends Members {
  /** Who is present. */
  readonly presence: PresenceOf<D, TrackedPresences<D>>
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
  /** Who is present. */
  readonly presence: PresenceOf<D, Presences<D>>
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

/** A user that is present in a channel, with all of its connections; or a connection, where nobody was identified. */
export interface Presence<Meta> {
  /** What `connection.identify()` said, or the id of the connection. */
  readonly key: string
  readonly meta: Meta
  /** How many connections of the user are present. */
  readonly connections: number
}

/** What a `$presence` push carries. */
export interface PresenceUpdate<Meta> {
  readonly channel: string
  /** Who came, or has another meta now. Keep a map by key: one may be told twice. */
  readonly joined: readonly Pick<Presence<Meta>, 'key' | 'meta'>[]
  /** The keys of those who have left. */
  readonly left: readonly string[]
  /** How many are present, in place of who came and left: in a channel of more than 500. */
  readonly count?: number
}

export interface Presences<D extends Declarations> {
  /** Who is present, whole: a channel of many is read through. */
  readonly list: () => Promise<Presence<MetaOf<D['presence']>>[]>
}

export interface TrackedPresences<D extends Declarations> extends Presences<D> {
  /** Be present, once the message is committed. Only a member may. Members are pushed `$presence`. */
  readonly track: (meta: MetaGiven<D['presence']>) => Promise<void>
  /** Be present no more. Leaving the channel and disconnecting do the same. */
  readonly untrack: () => Promise<void>
}

export type PresenceOf<D extends Declarations, Kind> = D['presence'] extends AnySchema
  ? Kind
  : Mistake<typeof MISTAKES.noPresence, never>

/** What is said of whoever is present, as it is once it has been stored. */
export type MetaOf<S> = S extends AnySchema ? Wire<OutputOf<S>> : never
type MetaGiven<S> = S extends AnySchema ? InputOf<S> : never

interface Members {
  /** The ids of the members, page by page as the loop asks for them. */
  readonly members: () => AsyncIterable<string>
}
