import type { AnyStateMachine } from 'xstate'
import type * as MISTAKES from '../mistakes.ts'
import type { AppLike } from '../types/app.ts'
import type { Awaitable } from '../types/awaitable.ts'
import type { Client, RoutesOf, Sending, SnapshotOf } from '../types/client.ts'
import type { Mistake } from '../types/mistake.ts'
import type { ClientCodec } from './codec.ts'

/** What `connect()` takes besides the URL. */
export interface ConnectOptions<A extends AppLike> {
  /** The class of sockets: that of the package `ws`, for Node below 22. @default globalThis.WebSocket */
  readonly WebSocket?: SocketClass
  /** Subprotocols to offer besides. @default none */
  readonly protocols?: readonly string[]
  /** How messages look on the wire, as the server has it. @default JSON as it stands */
  readonly codec?: ClientCodec
  /** The machine that the application holds its connections to. The client mirrors it. */
  readonly protocol?: AnyStateMachine
  /** The input of the machine, where it has one. */
  readonly input?: unknown
  /** In place of the machine: the messages that may change the state of the connection. */
  readonly order?: readonly (keyof RoutesOf<A> & string)[]
  /**
   * Do not hold messages back behind one that may change the state: say with each how many of those came before it, and
   * let the server wait. Worth it where a round trip takes longer than the server's waits, from about 50 ms; costs waiting
   * time of functions. @default false
   */
  readonly pipeline?: boolean
  /**
   * Make a connection ready: authenticate, join. Runs on each connection, before anything else is sent; `recovered` where
   * the state of the one before was taken over. Use the `send` that it is given. @default nothing
   */
  readonly onReady?: (ready: Ready<A>) => Awaitable<void>
  /** Who the client is. Asked for each connection, and when the server asks. @default nobody */
  readonly token?: () => Awaitable<string | Token>
  /** How the token travels: in the query string, which logs may keep, or as a first message. @default 'subprotocol' */
  readonly tokenBy?: 'subprotocol' | 'query' | 'message'
  /**
   * What becomes of messages that were on their way when the connection was lost. `recovered`: sent again, with the same
   * id, where the server has recovered the state and thereby knows what was applied; they fail with `LOST` otherwise.
   * `always`: sent again in any case; for routes that may run twice. `never`: they fail. @default 'recovered'
   */
  readonly resend?: 'recovered' | 'always' | 'never'
  /** How many messages may wait for a connection. @default 100 */
  readonly maxQueue?: number
  /** How long an answer may take. @default 30_000 */
  readonly timeoutMs?: number
  /** How long a socket may take to open. @default 10_000 */
  readonly openMs?: number
  /** Waits between attempts: at random up to `baseMs`, doubled each time up to `maxMs`. `attempts` in a row, then it is closed. */
  readonly reconnect?: { readonly baseMs?: number; readonly maxMs?: number; readonly attempts?: number }
  /** Silence after which `$ping` is sent; API Gateway closes after ten minutes. `Infinity`: never. @default 300_000 */
  readonly heartbeatMs?: number
  /** Age at which a connection is replaced, less up to a tenth at random; API Gateway closes after two hours. `Infinity`: never. @default 6_600_000 */
  readonly rolloverMs?: number
  /** How long a replaced connection is still listened to. @default 5_000 */
  readonly lingerMs?: number
  /** What went wrong and fails no message: a frame that is none, an attempt that failed, a listener that threw. @default nothing */
  readonly onError?: (error: unknown) => void
  /** Time. A test passes its own. @default the real one */
  readonly clock?: ClientClock
  /** A number from 0 up to 1. A test passes its own. @default Math.random */
  readonly random?: () => number
}

/** `connect()`, as it is called. */
export interface Connect {
  <A extends AppLike>(url: CheckUrl<A>): Client<A>
  <A extends AppLike>(url: string | URL, options: ConnectOptions<A> & CheckOrder<A>): Client<A>
}

/** Where an application has a protocol, the client has to know which messages change the state. Of no application nothing is known. */
type CheckUrl<A extends AppLike> =
  SnapshotOf<A> extends undefined ? string | URL : Mistake<typeof MISTAKES.protocolWithoutOrder, never>

type CheckOrder<A extends AppLike> =
  SnapshotOf<A> extends undefined ? {} : PassTheMachine | PassTheOrder<keyof RoutesOf<A> & string>

/** An application with a protocol: `{ protocol: machine }`. */
export interface PassTheMachine {
  readonly protocol: AnyStateMachine
}

/** Or, where the machine is not to be in the bundle: `{ order: ['auth', 'join'] }`, the messages that may change the state. */
export interface PassTheOrder<Names extends string> {
  readonly order: readonly Names[]
}

/** A connection that is being made ready. */
export interface Ready<A extends AppLike> {
  /** Send on this connection, before all others. */
  readonly send: Sending<A>
  /**
   * The state of the connection before was taken over, with its channels, as it was after the `onReady` of that one: there
   * is nothing to authenticate and nothing to join.
   */
  readonly recovered: boolean
}

/** A token, and when it ends: the client brings the next one a minute before, or at half of its time. */
export interface Token {
  readonly token: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

export interface ClientClock {
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly setTimeout: (run: () => void, ms: number) => unknown
  readonly clearTimeout: (timer: never) => void
}

/** The slice of WebSocket that is used. Those of browsers, Node and the package `ws` have it. */
export type SocketClass = new (url: string, protocols?: string[]) => Socket

export interface Socket {
  send(text: string): void
  close(code?: number, reason?: string): void
  onopen: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
}
