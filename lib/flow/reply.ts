import type { MessageEvent } from '../event/event.ts'
import type { Answer } from '../types/app.ts'
import { part, send } from './deliver.ts'
import type { Handling } from './handle.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { report } from './report.ts'

/** Tell the peer that it is done, and part from it if that was asked for. */
export const reply = async (
  plan: Plan,
  received: Received<MessageEvent>,
  { answer, closing }: Handling,
): Promise<Answer> => {
  const { gateway, connection } = received
  const returned = plan.replies === 'route-response' && closing.reason === undefined
  try {
    if (answer !== undefined && !returned) await send(plan, gateway, connection.id, answer)
    if (closing.reason !== undefined) await part(plan, gateway, connection.id, 'OK', closing.reason)
  } catch (error) {
    // The state stands whether or not the peer heard of it.
    await report(plan, received, undefined, error)
  }
  return answer !== undefined && returned ? { statusCode: 200, body: answer } : OK
}

const OK: Answer = { statusCode: 200 }
