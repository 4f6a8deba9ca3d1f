import type { MessageEvent } from '../event/event.ts'
import type { Answer } from '../types/app.ts'
import { part, send } from './deliver.ts'
import type { Handled } from './handle.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { report } from './report.ts'

/** Tell the peer that it is done, and part from it if that was asked for. */
export const reply = (
  plan: Plan,
  received: Received<MessageEvent>,
  { answer, closing }: Handled,
): Answer | Promise<Answer> => {
  if (closing.reason !== undefined || (answer !== undefined && plan.replies === 'post'))
    return post(plan, received, answer, closing.reason)
  return answer === undefined ? OK : { statusCode: 200, body: answer }
}

const post = async (
  plan: Plan,
  received: Received<MessageEvent>,
  answer: string | undefined,
  farewell: string | undefined,
): Promise<Answer> => {
  const { connectionId } = received
  try {
    if (answer !== undefined) await send(plan, received, connectionId, answer)
    if (farewell !== undefined) await part(plan, received, connectionId, 'OK', farewell)
  } catch (error) {
    // The state stands whether or not the peer heard of it.
    await report(plan, received, undefined, error)
  }
  return OK
}

const OK: Answer = { statusCode: 200 }
