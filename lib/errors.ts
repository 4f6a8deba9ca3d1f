/** gRPC's codes, with gRPC's meaning: what the peer reads in `error.code`. */
export type Code =
  | 'INVALID_ARGUMENT'
  | 'UNIMPLEMENTED'
  | 'NOT_FOUND'
  | 'FAILED_PRECONDITION'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE'
  | 'ABORTED'
  | 'UNKNOWN'
  | 'ALREADY_EXISTS'
  | 'DEADLINE_EXCEEDED'
  | 'INTERNAL'

/** What a refused peer is told. */
export interface PeerError {
  readonly code: Code
  readonly message: string
  readonly details?: unknown
  /** Milliseconds to wait before the same message is worth sending again. */
  readonly retryAfterMs?: number
  /** The message was applied all the same: its error came later, from elsewhere, and the state of the protocol stands. */
  readonly applied?: true
}

export interface ErrorExtras {
  /** Sent to the peer as `error.details`. Must survive `JSON.stringify`. */
  readonly details?: unknown
  /** Sent to the peer as `error.retryAfterMs`. */
  readonly retryAfterMs?: number
  /** For your logs; never sent. */
  readonly cause?: unknown
}

/**
 * Throw one of its classes from a handler or a middleware to refuse a message with a code.
 *
 * ```ts
 * ws().on('order', Order, ({ data }) => {
 *   if (data.total > 1_000) throw new PermissionDeniedError('Orders above 1000 need an approval.')
 * })
 * ```
 *
 * Anything else that is thrown reaches the peer as `INTERNAL`, without a detail.
 */
export abstract class WsError extends Error {
  abstract readonly code: Code
  readonly details: unknown
  readonly retryAfterMs: number | undefined

  constructor(message: string, extras: ErrorExtras = {}) {
    super(message, extras)
    this.details = extras.details
    this.retryAfterMs = extras.retryAfterMs
  }

  override get name(): string {
    return `WsError:${this.code}`
  }

  /** What the peer may know. */
  toPeer(): PeerError {
    const { code, message, details, retryAfterMs } = this
    return {
      code,
      message,
      ...(details === undefined ? undefined : { details }),
      ...(retryAfterMs === undefined ? undefined : { retryAfterMs }),
    }
  }
}

/** The message is malformed. Sending it again as it is will fail again. */
export class InvalidArgumentError extends WsError {
  readonly code = 'INVALID_ARGUMENT'
}

/** There is no such route. */
export class UnimplementedError extends WsError {
  readonly code = 'UNIMPLEMENTED'
}

/** What the message speaks of does not exist. */
export class NotFoundError extends WsError {
  readonly code = 'NOT_FOUND'
}

/** The message is not allowed in the present state of the connection. */
export class FailedPreconditionError extends WsError {
  readonly code = 'FAILED_PRECONDITION'
}

/** Nobody knows who the peer is. */
export class UnauthenticatedError extends WsError {
  readonly code = 'UNAUTHENTICATED'
}

/** The peer is known and may not do this. */
export class PermissionDeniedError extends WsError {
  readonly code = 'PERMISSION_DENIED'
}

/** A limit of rate or size was reached. */
export class ResourceExhaustedError extends WsError {
  readonly code = 'RESOURCE_EXHAUSTED'
}

/** Nothing ran. The same message may succeed later. */
export class UnavailableError extends WsError {
  readonly code = 'UNAVAILABLE'
}

/** The handler ran, but its outcome was dropped: another attempt won. Retry with the same id. */
export class AbortedError extends WsError {
  readonly code = 'ABORTED'
}

/** The handler ran, and nobody knows whether its outcome was stored. Retry with the same id. */
export class UnknownOutcomeError extends WsError {
  readonly code = 'UNKNOWN'
}

/** A message with this id was applied before. Retries end here. */
export class AlreadyExistsError extends WsError {
  readonly code = 'ALREADY_EXISTS'
}

/** A time limit passed. */
export class DeadlineExceededError extends WsError {
  readonly code = 'DEADLINE_EXCEEDED'
}

/** A defect of the server. `message` is for your logs: the peer reads "Internal error". */
export class InternalError extends WsError {
  readonly code = 'INTERNAL'

  override toPeer(): PeerError {
    return { code: this.code, message: 'Internal error' }
  }
}
