import type { MessageEvent } from '../event/event.ts'
import { Outbox } from '../gateway/outbox.ts'
import { valid } from '../schema.ts'
import type { Claimed } from './claim.ts'
import { MessageContext, type Out } from './context.ts'
import { fits } from './deliver.ts'
import type { Parsed } from './parse.ts'
import type { Plan, Route } from './plan.ts'
import type { Received } from './receive.ts'
import { report } from './report.ts'

/** What came of a handler. */
export interface Handled extends Out {
  failure: { readonly error: unknown } | undefined
}

/** Do it: run the handler, and hold back what must wait. */
export const handle = async (
  plan: Plan,
  received: Received<MessageEvent>,
  route: Route,
  parsed: Parsed,
  data: unknown,
  claimed: Claimed,
): Promise<Handled> => {
  const handled: Handled = {
    plan,
    received,
    parsed,
    box: new Outbox(claimed.exclusive),
    raised: [],
    closing: { reason: undefined },
    answer: undefined,
    later: false,
    failure: undefined,
  }
  try {
    const returned = await route.run(new MessageContext(handled, route, data, claimed))
    if (!handled.later) {
      const encoded = encode(
        plan,
        parsed,
        route.reply ? await valid(route.reply, returned, `The reply of '${route.name}'`) : returned,
      )
      handled.answer = encoded instanceof Promise ? await encoded : encoded
    }
    const { flying } = handled.box
    if (flying > 0 || isStatus(returned)) {
      // Loaded when there is something to say: most functions never have.
      const { warnOf } = await import('./habits.ts')
      warnOf(plan, route, isStatus(returned), flying > 0)
    }
  } catch (error) {
    handled.failure = { error }
  }
  if (handled.box.flying > 0) await handled.box.settle()
  // What the handler awaited and let through has failed the message, and is told there.
  for (const error of handled.box.failures)
    if (error !== handled.failure?.error) await report(plan, received, route.name, error)
  return handled
}

const encode = (plan: Plan, parsed: Parsed, value: unknown): string | undefined | Promise<never> => {
  if (value === undefined && parsed.id === undefined) return undefined
  const answer = plan.codec.reply(parsed, value)
  return answer && (fits(plan, answer) ?? answer)
}

/** What handlers return that were written for API Gateway itself. */
const isStatus = (returned: unknown): boolean =>
  typeof returned === 'object' && returned !== null && 'statusCode' in returned
