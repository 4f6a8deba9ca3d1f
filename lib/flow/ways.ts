import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'

/** The way that a handshake or a farewell is on. */
export interface Way {
  readonly plan: Plan
  readonly received: Received
}

/** For what an application brings along. A message has `MessageContext.outOf`. */
export const wayOf = (context: object): Way | undefined => ways.get(context)

/** Say which way a context is of. */
export const putWay = (context: object, plan: Plan, received: Received): void =>
  void ways.set(context, { plan, received })

const ways = new WeakMap<object, Way>()
