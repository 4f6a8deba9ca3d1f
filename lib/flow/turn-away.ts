import type { Code, WsError } from '../errors.ts'
import type { Answer } from '../types/app.ts'
import { errorFor } from './refuse.ts'

/** The answer to a handshake that failed. */
export const turnAway = (error: unknown, told: WsError | undefined): Answer => {
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
