import type { AnyStateMachine, EventFromLogic, SnapshotFrom } from 'xstate'
import type { AnySchema } from '../schema.ts'
import type { Store } from '../store/store.ts'

/** What an application states once, before its first route. Every route sees all of it. */
export interface Declarations {
  /** What the authorizer of `$connect` returned, validated. */
  authorizer: unknown
  /** Where connections are kept, if anywhere. */
  store: Store | undefined
  /** What is kept of a connection: its schema. `undefined` where nothing is. */
  kept: AnySchema | undefined
  /** What is said of whoever is present in a channel: its schema. `undefined` without presence. */
  presence: AnySchema | undefined
  /** What the server may send on its own account. */
  pushes: PushMap
  /** The names that a peer may send. `string` until a protocol narrows it. */
  names: string
  /** Route name -> payload. Without a protocol every payload fits. */
  payloads: { readonly [name: string]: unknown }
  /** The state of the machine. `undefined` without a protocol. */
  snapshot: unknown
  /** The machine's internal events: what a handler may `raise`. */
  internal: unknown
  /** The machine's events less the lifecycle ones: what a server may `dispatch`. */
  events: unknown
  /** What `.extend` and middleware added to every context. */
  extension: object
}

/** The declarations of a fresh `ws()`. */
export interface NoDeclarations extends Declarations {
  authorizer: undefined
  store: undefined
  kept: undefined
  presence: undefined
  pushes: {}
  names: string
  payloads: { readonly [name: string]: unknown }
  snapshot: undefined
  internal: never
  events: never
  extension: {}
}

/** The name of each push, and the schema of what it carries. */
export type PushMap = { readonly [name: string]: AnySchema }

/** Replace some declarations and keep the rest. Runs a handful of times per app, never once per route. */
export type Declare<D extends Declarations, Change> = {
  [K in keyof Declarations]: K extends keyof Change ? Change[K] : D[K]
} extends infer Next extends Declarations
  ? Next
  : never

/** What a machine brings. */
export interface FromMachine<M extends AnyStateMachine, Internal extends string> {
  names: Exclude<EventTypes<M>, Internal>
  payloads: Payloads<M>
  snapshot: SnapshotFrom<M>
  internal: Extract<EventFromLogic<M>, { type: Internal }>
  events: Exclude<EventFromLogic<M>, { type: Lifecycle }>
}

/** The names of a machine's events, less the lifecycle ones. */
export type EventTypes<M extends AnyStateMachine> = Exclude<EventFromLogic<M>['type'], Lifecycle>

/**
 * Kept apart from `EventTypes`: `keyof` over a remapped type is recomputed at every use, an index into it is not.
 * Not `Omit`: this is printed member by member.
 */
type Payloads<M extends AnyStateMachine> = {
  readonly [E in EventFromLogic<M> as E['type']]: { readonly [K in keyof E as Exclude<K, 'type'>]: E[K] }
}

/** Sent by the library or by XState, never by a peer. */
type Lifecycle = `$${string}` | `xstate.${string}`
