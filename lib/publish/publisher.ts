import type { Clock } from '../types/options.ts'

/**
 * Where events go: a bus, a queue, a topic. `Entry` is what it takes; an adapter for another service is such an object.
 *
 * What becomes of an entry is a value, also where the service was never reached: `publish` rejects only for an entry that
 * `check` throws for, and then nothing was sent. One that rejects all the same, or does not say what became of an entry, has
 * failed for good.
 */
export interface Publisher<Entry> {
  /** Publish them all, in as few calls as the service allows, and say what became of each, in the order given. */
  readonly publish: (entries: readonly Entry[], chance: Chance) => Promise<readonly Published[]>
  /** The entry that carries an event. */
  readonly entryOf: (event: CloudEvent) => Entry
  /** Add what is known of the message that the entry comes of, where the service has a place for it and it is not taken. */
  readonly mark: (entry: Entry, origin: Origin) => Entry
  /** Throws a `ResourceExhaustedError` for an entry that is larger than the service takes, a `TypeError` for what is none. */
  readonly check: (entry: Entry) => void
}

/** What became of an entry. */
export type Published =
  /** The id that the service gave it. */
  { readonly ok: true; readonly id: string } | Refused

/** The service's own code and words, for the owner and never for a peer. */
export interface Refused {
  readonly ok: false
  readonly code: string
  readonly message: string
  /**
   * Whether the same entry could be taken later: it was throttled, or the service failed. Where that is so of all that
   * has failed, the peer is told `UNAVAILABLE`, and clients send its message again, which publishes again what was taken.
   * @default false
   */
  readonly isPassing?: boolean
}

/** What a wait between two attempts is made of, and how long there is time for them. */
export interface Chance {
  readonly clock: Required<Clock>
  readonly random: () => number
  readonly signal?: AbortSignal
}

/** The message that an event comes of. */
export interface Origin {
  /** Of the event itself: the same whenever the same message is handled again. */
  readonly id: string
  readonly connectionId: string
  /** The peer's own id of its message. `undefined` where it gave none, and where there is no message. */
  readonly messageId: string | undefined
  /** API Gateway's id of the invocation. */
  readonly requestId: string
  /** For `server.reply()`: which message an answer belongs to. `undefined` where no answer could be told apart. */
  readonly correlation: string | undefined
}

/** An event as CloudEvents 1.0 has it, in its JSON format. Names of attributes are lower case there. */
export interface CloudEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  /** RFC 3339. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly data: unknown
  readonly connectionid: string
  readonly messageid?: string
  readonly requestid: string
  readonly correlation?: string
}
