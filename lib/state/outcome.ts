import {
  AbortedError,
  AlreadyExistsError,
  DeadlineExceededError,
  FailedPreconditionError,
  InvalidArgumentError,
  UnauthenticatedError,
  UnavailableError,
  UnknownOutcomeError,
} from '../errors.ts'
import { Fault, Parting } from '../flow/fault.ts'
import type { Outcome } from '../protocol/engine.ts'
import { endingOf, refusalOf } from '../protocol/refusal.ts'
import type { StoredState } from '../store/store.ts'
import type { Protocol } from './protocol.ts'

export type Failure = Exclude<Outcome, { kind: 'done' }>

/** What the engine's verdict means for the peer. `cause` is what the store said, if it failed. */
export const errorOf = (protocol: Protocol, name: string, outcome: Failure, cause: unknown): Error =>
  // Each row takes its own kind of outcome; the table is checked as a whole, and the call cannot be.
  (FAILURES[outcome.kind] as (failure: Failure & Asked) => Error)({ ...outcome, protocol, name, cause })

interface Asked {
  readonly protocol: Protocol
  readonly name: string
  readonly cause: unknown
}

/** The end of a connection whose token has expired. */
export const expired = (): Parting => new Parting(EXPIRED, new UnauthenticatedError(EXPIRED), 'UNAUTHENTICATED')
const EXPIRED = 'The token of this connection has expired. Connect again with another one.'

const FAILURES: {
  readonly [Kind in Failure['kind']]: (failure: Extract<Failure, { kind: Kind }> & Asked) => Error
} = {
  rejected: ({ state, protocol, name }) => notAllowed(protocol, name, state),
  busy: ({ retryAfterMs, settled }) =>
    settled === undefined
      ? new UnavailableError('Another message of this connection is being handled. Nothing ran.', { retryAfterMs })
      : new UnavailableError('A message that this one depends on has not come. Nothing ran.', {
          retryAfterMs,
          details: { settled },
        }),
  ahead: ({ dep, settled }) =>
    new InvalidArgumentError(`"dep" is ${dep}, and of the messages before it only ${settled} have come to an end.`, {
      details: { settled },
    }),
  reused: () => new InvalidArgumentError('Another message was applied under this id. Give each message its own.'),
  unavailable: ({ cause }) =>
    new Fault(new UnavailableError('The store did not answer. Nothing ran.', { retryAfterMs: RETRY_MS, cause })),
  gone: () => new Parting('The connection is closed.'),
  expired,
  duplicate: () => new AlreadyExistsError('A message with this id was applied before.'),
  fenced: () =>
    new AbortedError(
      'Another message took over, and nothing of this one was kept. Send the message again with the same id.',
    ),
  unknown: ({ cause }) =>
    new Fault(new UnknownOutcomeError('The store did not answer. Send the message again with the same id.', { cause })),
  failed: ({ error }) => new Fault(error),
  outdated: ({ stored, protocol }) =>
    new FailedPreconditionError('The protocol has changed since this connection began. Connect again.', {
      details: { reason: 'protocol-version', stored, current: protocol.machine.version },
    }),
  ended: ({ state, now, protocol }) => {
    const message = farewellOf(protocol, state)
    return now
      ? new Parting(message, new DeadlineExceededError(message), 'DEADLINE_EXCEEDED')
      : new Parting(message, new FailedPreconditionError(message))
  },
}

/** The refusal of an event that the machine does not accept in `state`. */
export const notAllowed = ({ machine, names }: Protocol, name: string, state: StoredState): FailedPreconditionError => {
  const { message, details } = refusalOf(machine, name, state, (event) => names.has(event))
  return new FailedPreconditionError(message, { details })
}

/** Why a final state ends the connection. */
export const farewellOf = ({ machine }: Protocol, state: StoredState): string => endingOf(machine, state)

const RETRY_MS = 200
