import { InternalError } from '../errors.ts'
import type { ConnectEvent } from '../event/event.ts'
import { subprotocolsOf } from '../event/handshake.ts'
import { Outbox } from '../gateway/outbox.ts'
import type { Answer } from '../types/app.ts'
import { type Accept, accept, type Reject } from '../types/connect.ts'
import { ConnectContext } from './context.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { report } from './report.ts'

/**
 * The handshake. What is answered is the status of the HTTP upgrade: until then the connection does not exist, and a
 * peer that is refused leaves nothing behind.
 */
export const connect = async (plan: Plan, received: Received<ConnectEvent>): Promise<Answer> => {
  const box = new Outbox(true)
  try {
    const context = new ConnectContext(plan, received, box)
    const decision = checked(await plan.connect(context))
    if ('status' in decision) return { statusCode: decision.status, body: decision.reason ?? '' }
    const headers = chosen(received, decision.subprotocol)
    await plan.state?.open(plan, received, context, box)
    return { statusCode: 200, ...(headers && { headers }) }
  } catch (error) {
    const told = await report(plan, received, undefined, error)
    // Loaded when somebody is turned away by an error.
    return (await import('./turn-away.ts')).turnAway(error, told)
  } finally {
    received.lifetime.end()
  }
}

/** Whoever does not use the compiler may return anything; what is neither must not open the door. */
const checked = (decision: unknown): Accept | Reject => {
  if (decision === undefined) return accept()
  const { accepted, status } = Object(decision) as Partial<Accept & Reject>
  if (accepted === true || (Number.isInteger(status) && Number(status) >= 400 && Number(status) < 600))
    return decision as Accept | Reject
  throw new InternalError(
    'onConnect returns nothing, accept({ subprotocol }) or reject(status, reason), with a status from 400 to 599.',
  )
}

const chosen = ({ event }: Received<ConnectEvent>, subprotocol: string | undefined) => {
  if (subprotocol === undefined) return undefined
  if (subprotocolsOf(event).includes(subprotocol)) return { 'Sec-WebSocket-Protocol': subprotocol }
  throw new InternalError(`onConnect chose the subprotocol '${subprotocol}', which the client did not offer.`)
}
