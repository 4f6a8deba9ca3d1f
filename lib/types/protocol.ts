import type { AnyStateMachine, InputFrom } from 'xstate'
import type { Connecting } from './context.ts'
import type { Declarations } from './declarations.ts'

/** What follows the machine: options, which are required where the machine requires an input. */
export type ProtocolArguments<D extends Declarations, M extends AnyStateMachine, Internal> =
  undefined extends InputFrom<M>
    ? [options?: ProtocolOptions<Internal> & Partial<ProtocolInput<D, M>>]
    : [options: ProtocolOptions<Internal> & ProtocolInput<D, M>]

export interface ProtocolOptions<Internal> {
  /** Events that handlers `raise` and no peer may send. @default none */
  readonly internal?: readonly Internal[]
}

export interface ProtocolInput<D extends Declarations, M extends AnyStateMachine> {
  /** Make the machine's input from the handshake. */
  readonly input: (connect: Connecting<D>) => InputFrom<M>
}
