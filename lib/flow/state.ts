import type { Api, ConnectEvent, DisconnectEvent, MessageEvent } from '../event/event.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Outbox } from '../gateway/outbox.ts'
import type { Schema } from '../schema.ts'
import type { ConnectionRecord, StorePorts } from '../store/store.ts'
import type { Warning } from '../types/options.ts'
import type { Claimed } from './claim.ts'
import type { Out } from './context.ts'
import type { Parsed } from './parse.ts'
import type { Plan, Route } from './plan.ts'
import type { Received } from './receive.ts'

/**
 * What an application can do because it has a store: channels, and a protocol if it declares one. All of it comes with
 * the store, so that an application without one carries none of it.
 */
export interface State {
  /** What it is made of. Whatever runs an application in a test, or on a laptop, changes these in place. */
  readonly ports: StorePorts
  /** A `Protocol` of state/protocol.ts. */
  readonly protocol: unknown
  readonly application: Application
  /** Under a protocol: ask it whether a message may happen now. Otherwise read what is kept of the connection, if anything. */
  readonly claim:
    | ((plan: Plan, received: Received<MessageEvent>, route: Route, parsed: Parsed, data: unknown) => Promise<Claimed>)
    | undefined
  /** `$connect` was accepted: the connection gets a record, and what `onConnect` asked for is done. */
  readonly open: (plan: Plan, received: Received<ConnectEvent>, context: object, box: Outbox) => Promise<void>
  /** `$disconnect` came. `first`: not before, so that the handler is to run. */
  readonly close: (plan: Plan, received: Received) => Promise<Farewell>
  /** A post met a 410. */
  readonly forget: (plan: Plan, connectionId: string) => Promise<void>
  /** Routes of the library's own. */
  readonly routes: readonly Route[]
  /** Somebody was asked to look at a deadline, and does. */
  readonly tick: ((plan: Plan, tick: Tick) => Promise<void>) | undefined
  /** What the contexts of the phases have besides. */
  readonly inConnect: (context: object, plan: Plan, received: Received<ConnectEvent>, box: Outbox) => void
  readonly inMessage: (context: object, out: Out, claimed: Claimed) => void
  readonly inDisconnect: (plan: Plan, received: Received<DisconnectEvent>, farewell: Farewell) => object
  /** What `server`, and `server.connection(id)`, have besides. */
  readonly inServer: (plan: Plan, gateway: () => Gateway) => object
  readonly inConnection: (plan: Plan, gateway: () => Gateway, connectionId: string) => object
  /** Say what can only be seen where the application runs. */
  readonly warnOnLambda: (warn: (warning: Warning) => void) => void
}

/** What is known of a connection that has ended. */
export interface Farewell {
  /** The end was not seen before: the handler is to run. */
  readonly first: boolean
  readonly snapshot?: unknown
  readonly record?: ConnectionRecord | undefined
}

/** A deadline that somebody is to look at. */
export interface Tick {
  readonly connectionId: string
  /** Epoch milliseconds. */
  readonly at: number
  /** Where the connection is reached, as far as that is known. */
  readonly api?: Api | undefined
  /** Somebody was asked before, and may have died over it. */
  readonly again?: boolean
}

/** What the state is made for. */
export interface Application {
  /** What `.protocol()` was given, as it came. */
  readonly protocol?: { readonly machine: unknown; readonly options: unknown } | undefined
  /** The routes, and whether each has a schema. */
  readonly routes: ReadonlyMap<string, { readonly input: unknown }>
  readonly hasDefault: boolean
  /** The schema of what is kept of a connection. */
  readonly connection?: Schema | undefined
  /** Whether somebody besides the handlers wants to see the record of the connection with each message. */
  readonly reads?: boolean
  /** What `ws()` was given. */
  readonly fanout?: unknown
  /** What `.channels()` was given, as it came. */
  readonly channels?: unknown
  readonly warn: (warning: Warning) => void
}
