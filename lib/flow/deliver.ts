import { InternalError, ResourceExhaustedError } from '../errors.ts'
import { type Delivery, type Gateway, MAX_MESSAGE_BYTES } from '../gateway/gateway.ts'
import type { Lifetime } from './lifetime.ts'
import type { Plan } from './plan.ts'

/** How to reach a connection, and for how long there is time to: an event, or the server on its own account. */
export interface Via {
  readonly gateway: Gateway
  readonly lifetime?: Lifetime
}

/** Send a frame to a connection. `false` when it is gone, and then it is forgotten too. */
export const send = async (plan: Plan, via: Via, connectionId: string, frame: string): Promise<boolean> =>
  settle(plan, connectionId, await via.gateway.post(connectionId, frame, via.lifetime?.signal))

/** Say why, if there is a code to say it with, and close the connection. */
export const part = async (
  plan: Plan,
  via: Via,
  connectionId: string,
  code: string | undefined,
  message: string,
): Promise<void> => {
  if (code) {
    const there = await send(plan, via, connectionId, plan.codec.push('$bye', { code, message }))
    if (!there) return
  }
  const closed = await via.gateway.close(connectionId, via.lifetime?.signal)
  if (closed.outcome !== 'gone') settle(plan, connectionId, closed)
}

/** Take what came of a post: gone is an answer, the rest that is not delivered is an error. */
const settle = (plan: Plan, connectionId: string, delivery: Delivery): boolean | Promise<boolean> => {
  if (delivery.outcome === 'delivered') return true
  if (delivery.outcome === 'gone') return forget(plan, connectionId)
  throw failureOf(delivery)
}

/** The error of a delivery that failed for another reason than that nobody is there. */
export const failureOf = (delivery: Exclude<Delivery, { outcome: 'delivered' | 'gone' }>): Error => {
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

/** Refuse a frame that API Gateway would not carry, before it costs anything. */
export const fits = (frame: string): void => {
  // A character takes at most three bytes in UTF-8, so most frames need no count.
  const bytes = frame.length * 3 <= MAX_MESSAGE_BYTES ? 0 : Buffer.byteLength(frame)
  if (bytes > MAX_MESSAGE_BYTES) throw tooLarge(bytes, MAX_MESSAGE_BYTES)
}

const tooLarge = (bytes: number, maxBytes: number): ResourceExhaustedError =>
  new ResourceExhaustedError(`The frame takes ${bytes} bytes; API Gateway carries ${maxBytes}.`, {
    details: { bytes, maxBytes },
  })

/** A post met a 410: the connection is gone, whether or not `$disconnect` will ever say so. */
const forget = async (plan: Plan, connectionId: string): Promise<false> => {
  await plan.state?.forget(plan, connectionId)
  return false
}
