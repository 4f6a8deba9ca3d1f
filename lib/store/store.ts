/** The machine's committed snapshot. Only what XState cannot compute again is kept. */
export interface StoredState {
  readonly value: unknown
  readonly context: unknown
  readonly historyValue?: unknown
  /** The machine reached its final state. */
  readonly done?: true
}

/** Everything that is stored of one connection. A record is a value: it is replaced whole, never changed in place. */
export interface ConnectionRecord {
  /** Raised by every write; the fencing token. */
  readonly version: number
  /** When it was let in, in epoch milliseconds. */
  readonly connectedAt: number
  /** Epoch seconds after which nobody needs the record. Never a tool of correctness: readers filter by it. */
  readonly ttl: number
  /** Absent without a protocol. */
  readonly state?: StoredState
  /** The version of the machine that wrote `state`. */
  readonly machine?: string
  /** A state-changing message holds the connection until `deadline` (epoch milliseconds). Absent: idle. */
  readonly claim?: Claim
  /** Absolute deadlines of the `after`s and delayed `raise`s that are running. */
  readonly due?: readonly Due[]
  /** The last state-changing messages that committed, oldest first. */
  readonly done?: readonly Done[]
  /** The connection is gone: a tombstone, kept so that nothing revives it. */
  readonly closed?: Closed
}

export interface Claim {
  /** One attempt of one invocation, not one message: two attempts of a message must be told apart. */
  readonly token: string
  readonly deadline: number
  readonly event: string
}

export interface Due {
  /** The type of the event that XState raises when the delay is over. */
  readonly event: string
  /** Epoch milliseconds. */
  readonly at: number
  /** What a `cancel` calls it, where that is not the event's type: a delayed `raise` may have an id of its own. */
  readonly id?: string
  /** What the event carries besides its type. */
  readonly payload?: object
}

export interface Done {
  /** The peer's id of the message. Empty when it gave none. */
  readonly id: string
  readonly token: string
}

export interface Closed {
  /** `gone`: a post met a 410, and `$disconnect` may still come. `disconnect`: it came. */
  readonly by: 'gone' | 'disconnect'
  readonly token: string
}

export type ReplaceResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly current: ConnectionRecord | undefined }

/**
 * One record per connection. Every other guarantee is built on these four.
 *
 * A function that could not reach the store rejects. A rejected `replace` may have been applied or not; the caller finds
 * out by the tokens in the record.
 */
export interface Records {
  /** Only if absent. `false` when there is one. */
  readonly create: (connectionId: string, record: ConnectionRecord) => Promise<boolean>
  /** MUST be linearizable: never an older record than one whose write has returned. */
  readonly read: (connectionId: string) => Promise<ConnectionRecord | undefined>
  /** If and only if the stored version is `version`; otherwise the current record is returned. */
  readonly replace: (connectionId: string, version: number, next: ConnectionRecord) => Promise<ReplaceResult>
}

/** Which connections are in which channel. */
export interface Memberships {
  /** Atomically, only while the connection's record is there and open. `false` otherwise. */
  readonly join: (connectionId: string, channel: string) => Promise<boolean>
  readonly leave: (connectionId: string, channel: string) => Promise<void>
  readonly has: (connectionId: string, channel: string) => Promise<boolean>
  /** One page of a channel, and the cursor of the next page where there is one. */
  readonly members: (channel: string, cursor?: string) => Promise<MemberPage>
  /** Forget every membership of a connection. */
  readonly leaveAll: (connectionId: string) => Promise<void>
}

export interface MemberPage {
  readonly connectionIds: readonly string[]
  readonly cursor?: string
}

/** A place to keep connections: two ports, one adapter. */
export interface StorePorts {
  readonly records: Records
  readonly memberships: Memberships
  /** What to say at the first event where the store should not be used: on Lambda, for a store of one process. */
  readonly warnOnLambda?: { readonly message: string; readonly fix: string }
}

/**
 * What `.store()` takes: the ports, and with them all code that needs a store. An application without one carries none
 * of that code.
 */
export interface Store extends StorePorts {
  /** Given the store itself, so that one whose ports were wrapped is used as it is. */
  readonly '~state': (ports: StorePorts, application: never) => object
}
