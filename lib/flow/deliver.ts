import { type Delivery, type Gateway, MAX_MESSAGE_BYTES } from '../gateway/gateway.ts'
import { later } from '../store/later.ts'
import type { Lifetime } from './lifetime.ts'
import type { Plan } from './plan.ts'

/** A delivery that failed for another reason than that nobody is there. */
export type Failed = Exclude<Delivery, { outcome: 'delivered' | 'gone' }>

/** How to reach a connection, and for how long there is time to: an event, or the server on its own account. */
export interface Via {
  readonly gateway: Gateway
  readonly lifetime?: Lifetime
}

/** Send a frame to a connection. `false` when it is gone, and then it is forgotten too. */
export const send = async (plan: Plan, via: Via, connectionId: string, frame: string): Promise<boolean> =>
  settle(plan, connectionId, await via.gateway.post(connectionId, frame, via.lifetime?.signal))

/** Say why, if there is a code to say it with, and close the connection. */
export const part: Ends['part'] = async (...given) => (await ends()).part(...given)

/** Take what came of a post: gone is an answer, the rest that is not delivered is an error. */
export const settle = (plan: Plan, connectionId: string, delivery: Delivery): boolean | Promise<boolean> => {
  if (delivery.outcome === 'delivered') return true
  if (delivery.outcome === 'gone') return forget(plan, connectionId)
  return fail(plan, delivery)
}

/** Refuse a frame that is larger than its codec carries, before it costs anything: `undefined` where it is not. */
export const fits = (plan: Plan, frame: string): Promise<never> | undefined => {
  const { maxBytes = MAX_MESSAGE_BYTES } = plan.codec
  // A character takes at most three bytes in UTF-8, so most frames need no count.
  const bytes = frame.length * 3 <= maxBytes ? 0 : Buffer.byteLength(frame)
  return bytes > maxBytes ? fail(plan, { outcome: 'tooLarge', bytes, maxBytes }) : undefined
}

const fail = async (plan: Plan, delivery: Failed): Promise<never> => {
  throw (await ends()).failureOf(plan, delivery)
}

/** Loaded when the first connection is closed, or the first delivery fails. */
const ends = later(() => import('./ends.ts'))
type Ends = typeof import('./ends.ts')

/** A post met a 410: the connection is gone, whether or not `$disconnect` will ever say so. */
const forget = async (plan: Plan, connectionId: string): Promise<false> => {
  await plan.state?.forget(plan, connectionId)
  return false
}
