import type { AnyStateMachine, InputFrom, SnapshotFrom } from 'xstate'
import type { Connecting } from './context.ts'
import type { Declarations } from './declarations.ts'

/** What follows the machine: options, which are required where the machine requires an input. */
export type ProtocolArguments<D extends Declarations, M extends AnyStateMachine, Internal> =
  undefined extends InputFrom<M>
    ? [options?: ProtocolOptions<Internal> & ProtocolMigration<M> & Partial<ProtocolInput<D, M>>]
    : [options: ProtocolOptions<Internal> & ProtocolMigration<M> & ProtocolInput<D, M>]

export interface ProtocolOptions<Internal> {
  /** Events that handlers `raise` and no peer may send. @default none */
  readonly internal?: readonly Internal[]
  /** Let a new connection take over an old one: `resume({ secret })`. @default every connection begins anew */
  readonly resume?: Resuming
  /** Enforce deadlines on silent peers too: `sqsDeadlines({ client, queueUrl })`. @default before the next message */
  readonly deadlines?: Watching
  /**
   * Tell clients that mirror the machine, `connect(url, { protocol })`, what they cannot know: in which state their
   * connection is after an event that a handler raised or the server dispatched, after a deadline, and where a guard
   * decided. Each time a post of the state's value, never of its context. @default false
   */
  readonly mirror?: boolean
}

export interface ProtocolInput<D extends Declarations, M extends AnyStateMachine> {
  /** Make the machine's input from the handshake. */
  readonly input: (connect: Connecting<D>) => InputFrom<M>
}

export interface ProtocolMigration<M extends AnyStateMachine> {
  /**
   * Make of a state that another version of the machine stored one that this version has. `undefined` where there is
   * none: the peer is told to connect again. An `after` that both versions have in the state goes on; one that is new
   * begins when the state is moved, before the next message.
   * @default always undefined
   */
  readonly migrate?: (old: OldState) => Pick<SnapshotFrom<M>, 'value' | 'context'> | undefined
}

/** What another version of the machine has stored. */
export interface OldState {
  /** The id and the version of that machine: `chat@1`. */
  readonly version: string | undefined
  readonly value: unknown
  readonly context: unknown
}

/** What `resume()` returns. It brings the code that it needs; an application without it carries none of that. */
export interface Resuming {
  readonly windowMs: number
  readonly of: (machine: never) => object
}

/** What `sqsDeadlines()` returns. It brings the code that it needs; an application without it carries none of that. */
export interface Watching {
  readonly arm: (tick: never) => Promise<void>
  readonly tick: (...given: never) => Promise<void>
}
