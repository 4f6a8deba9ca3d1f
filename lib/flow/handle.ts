import type { EventObject } from 'xstate'
import type { MessageEvent } from '../event/event.ts'
import { MAX_MESSAGE_BYTES } from '../gateway/management.ts'
import { type Outbox, outbox } from '../gateway/outbox.ts'
import type { Claimed } from './claim.ts'
import { type Closing, messageContext } from './context.ts'
import { tooLarge } from './deliver.ts'
import type { Parsed } from './parse.ts'
import type { Plan, Route } from './plan.ts'
import type { Received } from './receive.ts'

/** What came of a handler. */
export interface Handling {
  readonly outbox: Outbox
  readonly raised: readonly EventObject[]
  readonly closing: Closing
  /** The reply, ready to be sent: what cannot be written as JSON fails the message and not its answer. */
  readonly answer: string | undefined
  readonly failure: { readonly error: unknown } | undefined
}

/** Do it: run the handler, and hold back what must wait. */
export const handle = async (
  plan: Plan,
  received: Received<MessageEvent>,
  route: Route,
  parsed: Parsed,
  data: unknown,
  { exclusive, snapshot }: Claimed,
): Promise<Handling> => {
  const box = outbox(exclusive)
  const raised: EventObject[] = []
  const closing: Closing = { reason: undefined }
  let answer: string | undefined
  let failure: Handling['failure']
  try {
    const context = messageContext(plan, received, route, parsed, data, snapshot, { box, raised, closing })
    const returned = await route.run(context)
    const value = route.reply ? await shape(route, returned) : returned
    answer = encode(plan, parsed, value)
  } catch (error) {
    failure = { error }
  }
  await box.settle()
  return { outbox: box, raised, closing, answer, failure }
}

const encode = (plan: Plan, parsed: Parsed, value: unknown): string | undefined => {
  if (value === undefined && parsed.id === undefined) return undefined
  const answer = plan.codec.reply(parsed, value)
  // A character takes at most three bytes in UTF-8, so most replies need no count.
  const bytes = answer.length * 3 <= MAX_MESSAGE_BYTES ? 0 : Buffer.byteLength(answer)
  if (bytes > MAX_MESSAGE_BYTES) throw tooLarge(bytes, MAX_MESSAGE_BYTES)
  return answer
}

const shape = async ({ name, reply }: Route, returned: unknown): Promise<unknown> => {
  const result = await reply?.['~standard'].validate(returned)
  if (!result?.issues) return result?.value
  throw new TypeError(`The handler of '${name}' returned what its reply schema refuses: ${result.issues[0]?.message}`)
}
