/** What was said of an entry that was not published. */
export interface PublishFailure {
  /** Of the event, as it would have carried it. */
  readonly id: string
  /** The service's own, such as `ThrottlingException`. `FAILED`: the publisher itself failed. */
  readonly code: string
  readonly message: string
}

/**
 * Events were not published. For the owner alone: `onError` is given it, as the `cause` of the error that the peer is told
 * where the message fails by it, and by itself where its state was stored before.
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
