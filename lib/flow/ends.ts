import { InternalError, ResourceExhaustedError } from '../errors.ts'
import type { Codec } from '../wire/codec.ts'
import { type Failed, send, settle, type Via } from './deliver.ts'
import type { Plan } from './plan.ts'

// The ends that few messages come to, loaded with the first of them.

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
  if (closed.outcome !== 'gone') await settle(plan, connectionId, closed)
}

/** The error of a delivery that failed for another reason than that nobody is there. */
export const failureOf = ({ codec }: Plan, delivery: Failed): Error => {
  if (delivery.outcome === 'throttled') {
    const { retryAfterMs } = delivery
    return new ResourceExhaustedError('API Gateway is throttling. Send the message again later.', {
      retryAfterMs,
      // What has a cause goes to the log: the owner hears of it, whoever else does.
      cause: delivery,
    })
  }
  if (delivery.outcome === 'tooLarge') return tooLarge(codec, delivery.bytes, delivery.maxBytes)
  return new InternalError(delivery.reason)
}

/** The refusal of a frame that is too large for its wire. */
const tooLarge = ({ carry, maxBytes: own }: Codec, bytes: number, maxBytes: number) => {
  const remedy = carry ? '' : ', or use ws({ codec: chunk() }) on both ends'
  return new ResourceExhaustedError(
    `The frame takes ${bytes} bytes; ${own === maxBytes ? 'its codec' : 'API Gateway'} carries ${maxBytes}. Send less${remedy}.`,
    { details: { bytes, maxBytes } },
  )
}
