import type { MessageEvent } from '../event/event.ts'
import { Flaw } from './fault.ts'
import type { Parsed } from './parse.ts'
import type { Plan, Route } from './plan.ts'
import type { Received } from './receive.ts'

/** Say which handler a message is for. */
export const route = (
  { routeBy, routes, fallback }: Plan,
  { event }: Received<MessageEvent>,
  { action }: Parsed,
): Route => {
  const { routeKey } = event.requestContext
  const isOther = routeKey !== '$default' && routeKey !== action
  // API Gateway's reading of a message with two "action" keys need not be ours: nobody may pass its check as one route
  // and be handled as another.
  if (isOther && routeBy === 'message') throw new Flaw((say) => say.otherRoute(routeKey, action))
  const name = isOther ? routeKey : action
  // A Map, so that '__proto__' and 'constructor' are names like any other.
  const found = routes.get(name) ?? fallback
  if (found) return found
  throw new Flaw((say) => say.unknownRoute(name, routes.keys()))
}
