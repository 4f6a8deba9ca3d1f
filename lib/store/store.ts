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
  /** What handlers keep of the connection: `connection.data`. */
  readonly data?: unknown
  /** Who it is, as `connection.identify()` said. */
  readonly user?: string
  /** Until when the word of its token counts, in epoch milliseconds, and from when on another one is asked for. */
  readonly expiresAt?: number | undefined
  readonly askAt?: number | undefined
  /** The last change of these outside of a claim, unlike any other: whoever lost its answer finds it here. */
  readonly mark?: string
  /** The last state-changing messages that committed, oldest first. */
  readonly done?: readonly Done[]
  /** How many state-changing messages have come to an end, well or not: what a message's `dep` is held against. */
  readonly settled?: number
  /**
   * The connection that this one took over, and the first one of the whole row; and whose token its peer had shown, where
   * that had been taken over by one that was lost.
   */
  readonly resumed?: { readonly from: string; readonly session: string; readonly shown?: string }
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
  /** What its peer had shown beside the token: who shows both again is the same peer. */
  readonly key?: string
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
  /**
   * Atomically, only while the connection's record is there and open. `false` otherwise. Whoever joins again stays a
   * member once, and its note becomes this one, or none. A note is text of up to 700 bytes.
   */
  readonly join: (connectionId: string, channel: string, note?: string) => Promise<boolean>
  readonly leave: (connectionId: string, channel: string) => Promise<void>
  readonly has: (connectionId: string, channel: string) => Promise<boolean>
  /** The note that a member joined with. Presence needs it. */
  readonly note?: (connectionId: string, channel: string) => Promise<string | undefined>
  /**
   * One page of a channel, and the cursor of the next page where there is one. Given a shard, of that one alone; a cursor
   * goes back with the shard that it came from.
   *
   * Whoever is a member from the first page to the last is in one of them, however the channel grows meanwhile.
   */
  readonly members: (channel: string, cursor?: string, shard?: number) => Promise<MemberPage>
  /** How many shards a channel has, as of all joins that have returned. It grows and never shrinks. @default 1 */
  readonly shards?: (channel: string) => Promise<number>
  /**
   * Give a channel at least so many shards: a power of two, 1,024 at most. Rejects for any other number. Whoever is a
   * member stays where it is, and is found there, also when it joins again.
   */
  readonly grow?: (channel: string, shards: number) => Promise<void>
  /** The channels that a connection is in. None is missing, however recently it was joined. */
  readonly channels: (connectionId: string) => Promise<readonly string[]>
}

/** What a message asks of its connection's memberships. No channel is in both. Who joins has no note. */
export interface MembershipChanges {
  readonly join: readonly string[]
  readonly leave: readonly string[]
}

export interface MemberPage {
  readonly connectionIds: readonly string[]
  /** The note of each of them, in the same order. Absent where none has one. */
  readonly notes?: readonly (string | undefined)[]
  readonly cursor?: string
}

/** Texts that are needed for a while: what a fan-out has to say, and how far it is. */
export interface Blobs {
  /** Up to 256 KB, for so many seconds. Whatever was there is replaced. */
  readonly put: (key: string, text: string, ttlSeconds: number) => Promise<void>
  /** Put an empty text, only if there is none. `false` when there is one. */
  readonly claim: (key: string, ttlSeconds: number) => Promise<boolean>
  /** Never an older text than one whose `put` has returned. `undefined` when its time is over, too. */
  readonly get: (key: string) => Promise<string | undefined>
}

/** A place to keep connections: two ports, one adapter. */
export interface StorePorts {
  readonly records: Records
  readonly memberships: Memberships
  /** Fan-out and presence in large channels need it. */
  readonly blobs?: Blobs
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
