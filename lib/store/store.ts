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
  /** How many state-changing messages have come to an end, well or not: what a message's `dep` is held against. */
  readonly settled?: number
  /** The connection that this one took over, and the first one of the whole row. */
  readonly resumed?: { readonly from: string; readonly session: string }
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

/**
 * A message that committed: `TOKEN MARK ID`. One text, because a record remembers sixteen: it is shorter than a list and
 * read three times as fast, and DynamoDB bills each started kilobyte.
 *
 * The id is the peer's, and empty when it gave none; it comes last, since it may have spaces. The mark tells the message
 * from another one under the same id.
 */
export type Done = string

export interface Closed {
  /** `gone`: a post met a 410, or another connection took over, and `$disconnect` may still come. `disconnect`: it came. */
  readonly by: 'gone' | 'disconnect'
  readonly token: string
  /** When, in epoch milliseconds. */
  readonly at: number
  /** The connection that took over. */
  readonly to?: string
  /** The channels that it was in, for whoever takes over. */
  readonly channels?: readonly string[]
}

export type ReplaceResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly current: ConnectionRecord | undefined }

/**
 * One record per connection. Every other guarantee is built on these.
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
  /** Whatever is there. Tidies up after a handshake that failed; nothing else is ever deleted, only left to its `ttl`. */
  readonly delete: (connectionId: string) => Promise<void>
}

/** Which connections are in which channel. */
export interface Memberships {
  /** Atomically, only while the connection's record is there and open. `false` otherwise. */
  readonly join: (connectionId: string, channel: string) => Promise<boolean>
  readonly leave: (connectionId: string, channel: string) => Promise<void>
  readonly has: (connectionId: string, channel: string) => Promise<boolean>
  /** One page of a channel, and the cursor of the next page where there is one. */
  readonly members: (channel: string, cursor?: string) => Promise<MemberPage>
  /** The channels that a connection is in. None is missing, however recently it was joined. */
  readonly channels: (connectionId: string) => Promise<readonly string[]>
}

/** What a message asks of its connection's memberships. No channel is in both. */
export interface MembershipChanges {
  readonly join: readonly string[]
  readonly leave: readonly string[]
}

export interface MemberPage {
  readonly connectionIds: readonly string[]
  readonly cursor?: string
}

/** A place to keep connections: two ports, one adapter. */
export interface StorePorts {
  readonly records: Records
  readonly memberships: Memberships
  /**
   * `replace` together with memberships of the same connection, all or nothing. At most `MAX_CHANGES` channels.
   *
   * Without it a message's leaves are carried out before its commit and its joins after, still under its claim, so that
   * nobody is ever a member whom the state does not permit. That costs one more write.
   */
  readonly commit?: (
    connectionId: string,
    version: number,
    next: ConnectionRecord,
    changes: MembershipChanges,
  ) => Promise<ReplaceResult>
  /** What to say at the first event where the store should not be used: on Lambda, for a store of one process. */
  readonly warnOnLambda?: { readonly message: string; readonly fix: string }
}

/** A transaction of DynamoDB has 100 actions at most (its quotas): the record, and two rows a channel. */
export const MAX_CHANGES = 40

/**
 * What `.store()` takes: the ports, and with them all code that needs a store. An application without one carries none
 * of that code.
 */
export interface Store extends StorePorts {
  /** Given the store itself, so that one whose ports were wrapped is used as it is. */
  readonly '~state': (ports: StorePorts, application: never) => object
}
