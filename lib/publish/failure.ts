/** What was said of an entry that was not published. */
export interface PublishFailure {
  /** Of the event, as it would have carried it. */
  readonly id: string
  /** The service's own, such as `ThrottlingException`. `FAILED`: the publisher itself failed. */
  readonly code: string
  readonly message: string
  /** Whether the same could be taken later. */
  readonly isPassing: boolean
}

/**
 * Events were not published. For the owner alone: `onError` is given it, as the `cause` of the error that the message fails
 * with, and by itself where the state of the message was stored before.
 */
export class PublishError extends Error {
  override readonly name = 'PublishError'
  readonly failures: readonly PublishFailure[]

  constructor(failures: readonly PublishFailure[], total: number, cause?: unknown) {
    const each = failures.map(({ id, code, message }) => `\n  ${id}: ${code}: ${message}`).join('')
    super(`${failures.length} of ${total} events were not published.${each}`, { cause })
    this.failures = failures
  }
}
