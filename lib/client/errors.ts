import type { Code, PeerError } from '../errors.ts'
import type { Request } from './lane.ts'
import type { Link } from './link.ts'

/**
 * The server refused a message, or the mirrored machine did before it was sent. `code` is gRPC's, with gRPC's meaning.
 *
 * ```ts
 * try {
 *   await client.send('join', { room: 'lobby' })
 * } catch (error) {
 *   if (error instanceof RemoteError && error.code === 'FAILED_PRECONDITION') console.log(error.details)
 * }
 * ```
 *
 * `ALREADY_EXISTS` after a reconnect says that the message was applied, and that its reply was lost with the connection.
 */
export class RemoteError extends Error {
  override readonly name = 'RemoteError'
  readonly code: Code
  readonly details: unknown
  /** Milliseconds after which the same message is worth sending again. */
  readonly retryAfterMs: number | undefined
  /** The name of the message. */
  readonly action: string

  constructor(action: string, { code, message, details, retryAfterMs }: PeerError) {
    super(message)
    this.action = action
    this.code = code
    this.details = details
    this.retryAfterMs = retryAfterMs
  }
}

/** Why a message has no answer, though nobody refused it. */
export type Unanswered =
  /** No answer in time. The message says what the likely cause is. */
  | 'TIMEOUT'
  /** The connection was lost before the answer came, and whether the message was handled is not known. */
  | 'LOST'
  /** The client was closed, by `close()` or by the server for good. */
  | 'CLOSED'
  /** So many messages wait for a connection already. Nothing was sent. */
  | 'QUEUE_FULL'
  /** It takes more bytes than API Gateway carries in a frame. Nothing was sent. */
  | 'TOO_LARGE'

/** A message that got no answer. `code` says which case it is. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: Unanswered

  constructor(code: Unanswered, message: string) {
    super(message)
    this.code = code
  }
}

/** What is known of a message without an answer. */
export interface About {
  /** The name of the message; none where it is a push that does not come. */
  readonly name?: string | undefined
  /** What was last heard of trouble. */
  readonly heard?: string | undefined
  /** Milliseconds, bytes or messages: the limit that was met. */
  readonly limit?: number
  /** What was counted against it. */
  readonly count?: number
  /** Where it was, when its time was over. */
  readonly request?: Request
  /** On which connection it was on its way then. */
  readonly link?: Link | undefined
  /** A connection was being made ready. */
  readonly isHeld?: boolean | undefined
}

/** The sentences are loaded with the first error, and without them its code has to do: there may be no network. */
export const unanswered = (code: Unanswered, about: About): Promise<ClientError> =>
  later().then(
    ({ WORDS }) => new ClientError(code, WORDS[code](about)),
    () => new ClientError(code, code),
  )

/** What is not needed at the start. */
export const later = () => import('./later.ts')
