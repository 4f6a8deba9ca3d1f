import type { Context as LambdaContext } from 'aws-lambda'
import type { ConnectEvent, DisconnectEvent, MessageEvent, WebSocketEvent } from '../event/event.ts'
import type * as MISTAKES from '../mistakes.ts'
import type { AnySchema, InputOf, OutputOf } from '../schema.ts'
import type { Store } from '../store/store.ts'
import type { Awaitable } from './awaitable.ts'
import type { ConnectChannel, DisconnectChannel, MessageChannel } from './channel.ts'
import type { Wire } from './client.ts'
import type { Declarations } from './declarations.ts'
import type { Mistake } from './mistake.ts'
import type { PushData, PushName } from './push.ts'
import type { Server } from './server.ts'

/** Who is connected. */
export interface Connection {
  /** API Gateway's id of the connection. */
  readonly id: string
  /** When the handshake arrived, in epoch milliseconds. */
  readonly connectedAt: number
  /** The peer's IP address, as API Gateway saw it. */
  readonly sourceIp: string
  /** The `User-Agent` of the handshake, if there was one. */
  readonly userAgent: string | undefined
}

/** What is known in every phase, whatever was declared. */
interface Facts {
  /** Who is connected. */
  readonly connection: Connection
  /** The Lambda invocation. */
  readonly lambda: LambdaContext
  /** Aborts shortly before Lambda kills the invocation. Pass it on to what can take long. */
  readonly signal: AbortSignal
}

/** What is known of a handshake, whatever was declared. */
export interface ConnectFacts extends Facts {
  /** Tells the phases apart. */
  readonly phase: 'connect'
  /** API Gateway's event, as it came. */
  readonly event: ConnectEvent
  /** The query string of the URL. */
  readonly query: URLSearchParams
  /** The headers of the upgrade request, whatever their case. */
  readonly headers: Headers
  /** What the client offered in `Sec-WebSocket-Protocol`, best first. */
  readonly subprotocols: readonly string[]
}

/** What is known of a message, whatever was declared. */
export interface MessageFacts extends Facts {
  /** Tells the phases apart. */
  readonly phase: 'message'
  /** API Gateway's event, as it came. */
  readonly event: MessageEvent
  /** The name of the route. */
  readonly name: string
  /** The peer's own id of this message, if it gave one. Replies carry it back. */
  readonly id: string | undefined
  /** What the message carries. */
  readonly data: unknown
  /** The same for every attempt at this message, and for no other: a key for payments and other writes elsewhere. */
  readonly idempotencyKey: string
  /** Say `$bye` with a reason, then disconnect. Waits until the message is committed. */
  readonly close: (reason?: string) => Promise<void>
}

/** What is known of a closed connection, whatever was declared. */
export interface DisconnectFacts extends Facts {
  /** Tells the phases apart. */
  readonly phase: 'disconnect'
  /** API Gateway's event, as it came. */
  readonly event: DisconnectEvent
  /** The WebSocket close code. 1005 when the close frame had none, 1006 when there was no close frame. */
  readonly code: number
  /** The reason in the close frame, or API Gateway's own words. May be empty. */
  readonly reason: string
}

/** The handshake. The connection does not exist yet, so nothing can be sent to it. */
export interface ConnectContext<D extends Declarations> extends ConnectFacts {
  /** Who is connected, and what is kept of it. */
  readonly connection: KeepingConnection<D>
  /** What the authorizer returned, as the schema of `.authorizer()` gives it. */
  readonly authorizer: D['authorizer']
  /** Reach other connections. */
  readonly server: Server<D>
  /** A named group of connections. Needs a store. */
  readonly channel: ChannelOf<D, ConnectChannel>
}

/** A message on an open connection. */
export interface MessageContext<D extends Declarations, Data> extends MessageFacts {
  /** Who is connected, and what is kept of it. */
  readonly connection: KeepingConnection<D>
  /** What the message carries, as the route's schema gives it. */
  readonly data: Data
  /** What the authorizer returned, as the schema of `.authorizer()` gives it. */
  readonly authorizer: D['authorizer']
  /** Reach other connections. */
  readonly server: Server<D>
  /** A named group of connections. Needs a store. */
  readonly channel: ChannelOf<D, MessageChannel<D>>
  /** Tell the machine a fact: an event listed as `internal`, applied together with the message's own. Needs a protocol. */
  readonly raise: Raise<D>
  /** Send to the peer. Leaves after the message is committed, unless `now` is set. */
  readonly push: <const N extends PushName<D['pushes']>>(
    name: N,
    data: PushData<D['pushes'], N>,
    options?: PushOptions,
  ) => Promise<void>
}

export interface PushOptions {
  /** Send at once, even if the message fails later. For progress. @default false */
  readonly now?: boolean
}

/** The connection is gone. The context can reach others, never the one that left. */
export interface DisconnectContext<D extends Declarations> extends DisconnectFacts {
  /** Who was connected, and what was kept of it. */
  readonly connection: KeptConnection<D>
  /** What the authorizer returned, as the schema of `.authorizer()` gives it. */
  readonly authorizer: D['authorizer']
  /** Reach other connections. */
  readonly server: Server<D>
  /** A named group of connections. Needs a store. */
  readonly channel: ChannelOf<D, DisconnectChannel<D>>
}

/** What `onError` knows: enough for a log line or a metric. The failure may be older than the context of a handler. */
export interface ErrorContext<D extends Declarations> extends Facts {
  /** Where it happened. */
  readonly phase: 'connect' | 'message' | 'disconnect'
  /** API Gateway's event, as it came. */
  readonly event: WebSocketEvent
  /** The name of the route. `undefined` outside of messages, and where the message could not be read. */
  readonly name: string | undefined
  /** Reach other connections. */
  readonly server: Server<D>
}

/** A connection, with what is kept of it. */
export interface KeptConnection<D extends Declarations> extends Connection {
  /**
   * What the application keeps: what `update()` gave, `undefined` before. Declared by `.connection(schema)`, and then
   * read with each message.
   */
  readonly data: D['kept'] extends AnySchema ? Wire<OutputOf<D['kept']>> | undefined : undefined
  /** Whose it is, as `identify()` said. Known under a protocol and with `.connection(schema)`, which read the record. */
  readonly userId: string | undefined
  /**
   * Until when it may go on, in epoch milliseconds, as its token or `expire()` said. Known where `userId` is, and with
   * `token()` of `ws-interlock/guard`.
   */
  readonly expiresAt: number | undefined
}

/** A connection, of which more can be kept. */
export interface KeepingConnection<D extends Declarations> extends KeptConnection<D> {
  /**
   * Change `data`, with the commit of the message: to a value, or to what a function makes of the present one, which runs
   * again where another message came first.
   */
  readonly update: D['kept'] extends AnySchema
    ? (
        change: InputOf<D['kept']> | ((data: KeptConnection<D>['data']) => Awaitable<InputOf<D['kept']>>),
      ) => Promise<void>
    : Mistake<typeof MISTAKES.noKept, never>
  /** Say whose connection this is. `server.user(userId)` then reaches it, with all others of that user. */
  readonly identify: D['store'] extends Store
    ? (userId: string) => Promise<void>
    : Mistake<typeof MISTAKES.keepingWithoutStore, never>
  /**
   * Say until when it may go on, in epoch milliseconds. From then on each of its messages is refused with
   * `UNAUTHENTICATED`, and the connection ends; a silent one is ended by the protocol's `deadlines`.
   *
   * Rejects with a TypeError for what is no time in milliseconds, and where nobody would look at it: it needs a protocol,
   * `.connection(schema)` or `token()`.
   */
  readonly expire: D['store'] extends Store
    ? (at: number) => Promise<void>
    : Mistake<typeof MISTAKES.keepingWithoutStore, never>
}

// What is called and was not declared is there as a sentence, which reads better than a missing member. What is only
// read is absent: a sentence could be logged by mistake.

/** A named group of connections, for those who declared a store. */
type ChannelOf<D extends Declarations, Channel> = D['store'] extends Store
  ? (name: string) => Channel
  : Mistake<typeof MISTAKES.channelWithoutStore, never>

type Raise<D extends Declarations> = D['snapshot'] extends undefined
  ? Mistake<typeof MISTAKES.noMachine, never>
  : (event: [D['internal']] extends [never] ? Mistake<typeof MISTAKES.noInternal, never> : D['internal']) => void

type InProtocol<D extends Declarations> = D['snapshot'] extends undefined
  ? {}
  : {
      /** The state of the connection's machine before this message. */
      readonly snapshot: D['snapshot']
    }

type AfterProtocol<D extends Declarations> = D['snapshot'] extends undefined
  ? {}
  : {
      /**
       * The last state of the connection's machine. `undefined` where nothing is known of the connection, or its state is
       * that of another version of the machine.
       */
      readonly snapshot: D['snapshot'] | undefined
    }

// The name that diagnostics print is the interface above; these add what the declarations brought.
export type Connecting<D extends Declarations> = ConnectContext<D> & D['extension']
export type Messaging<D extends Declarations, Data> = MessageContext<D, Data> & InProtocol<D> & D['extension']
export type Disconnecting<D extends Declarations> = DisconnectContext<D> & AfterProtocol<D> & D['extension']

/** Whoever wants to join a channel: in a handshake, or by a message. */
export type Joining<D extends Declarations> = Connecting<D> | Messaging<D, unknown>

/** The context of any phase; `phase` tells which. */
export type AnyPhase<D extends Declarations> = Connecting<D> | Messaging<D, unknown> | Disconnecting<D>
