import { type Code, InternalError, WsError } from '../errors.ts'
import type { ConnectEvent } from '../event/event.ts'
import { subprotocolsOf } from '../event/handshake.ts'
import { Outbox } from '../gateway/outbox.ts'
import { bury } from '../protocol/engine.ts'
import type { ConnectionRecord } from '../store/store.ts'
import type { Answer } from '../types/app.ts'
import type { Accept, Reject } from '../types/connect.ts'
import { ConnectContext } from './context.ts'
import { act, driveThrough, tokenOf } from './drive.ts'
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
    const decision = (await plan.connect(context)) as Accept | Reject | undefined
    if (decision && 'status' in decision) return { statusCode: decision.status, body: decision.reason ?? '' }
    const headers = chosen(received, decision?.subprotocol)
    const actions = await create(plan, received, context)
    const [failure] = await box.open()
    if (failure === undefined) {
      act(actions)
      return { statusCode: 200, ...(headers && { headers }) }
    }
    await abandon(plan, received)
    throw failure
  } catch (error) {
    return turnAway(error, await report(plan, received, undefined, error))
  } finally {
    received.lifetime.end()
  }
}

const chosen = ({ event }: Received<ConnectEvent>, subprotocol: string | undefined) => {
  if (subprotocol === undefined) return undefined
  if (subprotocolsOf(event).includes(subprotocol)) return { 'Sec-WebSocket-Protocol': subprotocol }
  throw new InternalError(`onConnect chose the subprotocol '${subprotocol}', which the client did not offer.`)
}

/** From here on the connection has a record: with a protocol, at the machine's initial state. */
const create = async (
  { store, protocol, clock }: Plan,
  { connection, event }: Received<ConnectEvent>,
  context: object,
) => {
  if (!store) return []
  const now = clock.now()
  const { state, due, actions = [] } = protocol?.machine.start(protocol.input?.(context), now) ?? {}
  const record: ConnectionRecord = {
    version: 1,
    connectedAt: event.requestContext.connectedAt,
    ttl: Math.ceil((now + RECORD_MS) / 1000),
    ...(protocol && { machine: protocol.machine.version }),
    ...(state && { state }),
    ...(due && due.length > 0 && { due }),
  }
  if (!(await store.records.create(connection.id, record)))
    throw new InternalError(`There is a record of the connection '${connection.id}' already.`)
  return actions
}

/** The peer was let in and then could not be: nothing of it may stay. */
const abandon = async (plan: Plan, { connection, lambda }: Received) => {
  await driveThrough(plan, connection.id, bury({ by: 'disconnect', token: tokenOf(plan, lambda?.awsRequestId) }))
  await plan.store?.memberships.leaveAll(connection.id)
}

const turnAway = (error: unknown, told: WsError | undefined): Answer => {
  const { code, message } = (told ?? (error instanceof WsError ? error : new InternalError(''))).toPeer()
  return { statusCode: STATUSES[code] ?? 500, body: message }
}

/** API Gateway ends a connection after two hours (WebSocket API quotas); a quarter of an hour for late messages. */
const RECORD_MS = 2 * 60 * 60 * 1000 + 15 * 60 * 1000

/** gRPC's own mapping to HTTP, as far as it has one (google.rpc.Code). */
const STATUSES: Partial<Record<Code, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
}
