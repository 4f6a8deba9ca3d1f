import { type Code, InternalError } from '../errors.ts'
import type { Answer } from '../types/app.ts'
import { report } from './owner.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'
import { errorFor } from './refuse.ts'

/** The answer to a handshake that failed. The owner hears of it. */
export const turnAway = async (plan: Plan, received: Received, error: unknown): Promise<Answer> => {
  const told = await report(plan, received, undefined, error)
  const { code, message } = errorFor(error, told).toPeer()
  return { statusCode: STATUSES[code] ?? 500, body: message }
}

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

/** The answer to a client that would understand nothing of what it is sent. */
export const withoutCodec = (subprotocol: string): Answer => ({
  statusCode: 400,
  body: `This API speaks '${subprotocol}'. Offer it as a subprotocol: new WebSocket(url, ['${subprotocol}']).`,
})

export const undecided = () =>
  new InternalError(
    'onConnect returns nothing, accept({ subprotocol }) or reject(status, reason), with a status from 400 to 599.',
  )

export const notOffered = (subprotocol: string) =>
  new InternalError(`onConnect chose the subprotocol '${subprotocol}', which the client did not offer.`)

/** The answer to what is no event of a WebSocket API. */
export const NOT_OURS: Answer = {
  statusCode: 400,
  body: 'This is no event of a WebSocket API: requestContext needs eventType, connectionId and apiId.',
}
