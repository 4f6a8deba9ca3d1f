import type { ConnectEvent } from '../event/event.ts'
import { headersOf, queryOf, subprotocolsOf } from '../event/handshake.ts'
import { Outbox } from '../gateway/outbox.ts'
import { later } from '../store/later.ts'
import type { Answer } from '../types/app.ts'
import { type Accept, accept, type Reject } from '../types/connect.ts'
import { Context } from './context.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { putWay } from './ways.ts'

/**
 * The handshake. What is answered is the status of the HTTP upgrade: until then the connection does not exist, and a
 * peer that is refused leaves nothing behind.
 */
export const connect = async (plan: Plan, received: Received<ConnectEvent>): Promise<Answer> => {
  const box = new Outbox(true)
  try {
    const offered = subprotocolsOf(received.event)
    const { subprotocol: name = '', required } = plan.codec
    const own = offered.includes(name) ? name : undefined
    if (required && !own) return (await turning()).withoutCodec(name)
    const context = new ConnectContext(plan, received, box)
    const decision = await plan.connect(context)
    // Whoever does not use the compiler may return anything; what is neither must not open the door.
    const decided = decision === undefined ? accept() : Object(decision)
    const { accepted, status, reason = '', subprotocol = own } = decided as Partial<Accept & Reject>
    if (Number.isInteger(status) && Number(status) >= 400 && Number(status) < 600)
      return { statusCode: Number(status), body: reason }
    if (accepted !== true) throw (await turning()).undecided()
    if (subprotocol !== undefined && !offered.includes(subprotocol)) throw (await turning()).notOffered(subprotocol)
    await plan.state?.open(plan, received, context, box)
    return { statusCode: 200, ...(subprotocol && { headers: { 'Sec-WebSocket-Protocol': subprotocol } }) }
  } catch (error) {
    return (await turning()).turnAway(plan, received, error)
  } finally {
    received.lifetime.end()
  }
}

/** Loaded when somebody is turned away, but for those whom the application turns away itself. */
const turning = later(() => import('./turn-away.ts'))

/** What `onConnect` is given. The connection does not exist yet: there is nothing to push to. */
export class ConnectContext extends Context {
  readonly phase = 'connect'
  declare readonly event: ConnectEvent

  constructor(plan: Plan, received: Received<ConnectEvent>, box: Outbox) {
    super(plan, received)
    putWay(this, plan, received)
    plan.state?.inConnect(this, plan, received, box)
  }

  get query(): URLSearchParams {
    return queryOf(this.event)
  }

  get headers(): Headers {
    return headersOf(this.event)
  }

  get subprotocols(): readonly string[] {
    return subprotocolsOf(this.event)
  }
}
