import { InvalidArgumentError, UnimplementedError } from '../errors.ts'
import type { MessageEvent } from '../event/event.ts'
import type { Parsed } from './parse.ts'
import type { Plan, Route } from './plan.ts'
import type { Received } from './receive.ts'

/** Say which handler a message is for. */
export const route = (plan: Plan, { event }: Received<MessageEvent>, { action }: Parsed): Route | Promise<never> => {
  const { routeKey } = event.requestContext
  const name = plan.routeBy === 'routeKey' && routeKey !== '$default' ? routeKey : action
  // API Gateway's reading of a message with two "action" keys need not be ours: nobody may pass its check as one route
  // and be handled as another.
  if (plan.routeBy === 'message' && routeKey !== '$default' && routeKey !== action)
    throw new InvalidArgumentError(
      `API Gateway selected the route '${routeKey}', and the message says '${action}'. (Server: { routeBy: 'routeKey' } follows API Gateway.)`,
    )
  // A Map, so that '__proto__' and 'constructor' are names like any other.
  const found = plan.routes.get(name) ?? plan.fallback
  if (found) return found
  if (name === '') throw new InvalidArgumentError('The message needs "action": the name of a route.')
  return unknown(plan, name)
}

const unknown = async ({ routes }: Plan, name: string): Promise<never> => {
  const { nearestOf } = await import('./nearest.ts')
  const nearest = nearestOf(name, routes.keys())
  const hint = nearest ? ` Did you mean '${nearest}'?` : ''
  throw new UnimplementedError(`There is no route '${name}'.${hint}`, nearest ? { details: { nearest } } : {})
}
