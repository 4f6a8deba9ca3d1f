import { InternalError, ResourceExhaustedError } from '../errors.ts'
import type { Delivery, Gateway } from '../gateway/gateway.ts'
import type { Plan } from './plan.ts'

/** Send a frame to a connection. `false` when it is gone, and then it is forgotten too. */
export const send = async (plan: Plan, gateway: Gateway, connectionId: string, frame: string): Promise<boolean> =>
  settle(plan, connectionId, await gateway.post(connectionId, frame))

/** Say why, if there is a code to say it with, and close the connection. */
export const part = async (
  plan: Plan,
  gateway: Gateway,
  connectionId: string,
  code: string | undefined,
  message: string,
): Promise<void> => {
  if (code) {
    const there = await send(plan, gateway, connectionId, plan.codec.push('$bye', { code, message }))
    if (!there) return
  }
  const closed = await gateway.close(connectionId)
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
    })
  }
  if (delivery.outcome === 'tooLarge') return tooLarge(delivery.bytes, delivery.maxBytes)
  return new InternalError(delivery.reason)
}

/** The refusal of a frame that API Gateway would not carry. */
export const tooLarge = (bytes: number, maxBytes: number): ResourceExhaustedError =>
  new ResourceExhaustedError(`The frame takes ${bytes} bytes; API Gateway carries ${maxBytes}.`, {
    details: { bytes, maxBytes },
  })

/** A post met a 410: the connection is gone, whether or not `$disconnect` will ever say so. */
const forget = async (plan: Plan, connectionId: string): Promise<false> => {
  await plan.state?.forget(plan, connectionId)
  return false
}
