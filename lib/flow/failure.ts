import { InternalError, ResourceExhaustedError } from '../errors.ts'
import { type Failed, tooLarge } from './deliver.ts'

/** The error of a delivery that failed for another reason than that nobody is there. */
export const failureOf = (delivery: Failed): Error => {
  if (delivery.outcome === 'throttled') {
    const { retryAfterMs } = delivery
    return new ResourceExhaustedError('API Gateway is throttling. Send the message again later.', {
      retryAfterMs,
      // What has a cause goes to the log: the owner hears of it, whoever else does.
      cause: delivery,
    })
  }
  if (delivery.outcome === 'tooLarge') return tooLarge(delivery.bytes, delivery.maxBytes)
  return new InternalError(delivery.reason)
}
