import type { MessageEvent } from '../event/event.ts'
import { later } from '../store/later.ts'
import type { Answer } from '../types/app.ts'
import { claim } from './claim.ts'
import { commit } from './commit.ts'
import { handle } from './handle.ts'
import { type Parsed, parse } from './parse.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { reply } from './reply.ts'
import { route } from './route.ts'
import { validate } from './validate.ts'

/**
 * The way of a message. Each step is a file of its name beside this one; `receive` has happened, since it says that
 * this is a message at all.
 *
 * Whatever a step throws ends the message, and the peer is told what it may know: `refuse.ts`. Nothing is thrown further:
 * API Gateway would add an error frame of its own.
 *
 * Only what is a promise is awaited: each `await` of a value in hand is a turn of the microtask queue, and together they
 * would cost as much as reading the message.
 */
export const message = async (plan: Plan, received: Received<MessageEvent>): Promise<Answer> => {
  let parsed: Parsed | undefined
  try {
    const parsing = parse(plan, received) // what was said
    parsed = parsing instanceof Promise ? await parsing : parsing
    if (!parsed) return { statusCode: 200 } // a part: more has to come
    const found = route(plan, received, parsed) // which handler it is for
    const valid = validate(found, parsed) // whether it is right
    const data = valid instanceof Promise ? await valid : valid
    const claiming = claim(plan, received, found, parsed, data) // whether it may happen now
    const claimed = claiming instanceof Promise ? await claiming : claiming
    const handled = await handle(plan, received, found, parsed, data, claimed) // do it
    const committing = commit(claimed, handled) // make it true
    if (committing) await committing
    const told = reply(plan, received, handled) // tell
    return told instanceof Promise ? await told : told
  } catch (error) {
    return await (await refusing()).refuse(plan, received, parsed, error)
  } finally {
    received.lifetime.end()
  }
}

/** Loaded with the first message that fails. */
const refusing = later(() => import('./refuse.ts'))
