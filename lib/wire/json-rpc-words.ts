import type { Code } from '../errors.ts'

/**
 * The numbers of errors. JSON-RPC 2.0 names those below -32600; the others are -32000 less gRPC's number of the code,
 * within the range that it leaves to servers.
 */
export const NUMBERS: Readonly<Record<Code, number>> = {
  INVALID_ARGUMENT: -32_602,
  UNIMPLEMENTED: -32_601,
  INTERNAL: -32_603,
  UNKNOWN: -32_002,
  DEADLINE_EXCEEDED: -32_004,
  NOT_FOUND: -32_005,
  ALREADY_EXISTS: -32_006,
  PERMISSION_DENIED: -32_007,
  RESOURCE_EXHAUSTED: -32_008,
  FAILED_PRECONDITION: -32_009,
  ABORTED: -32_010,
  UNAVAILABLE: -32_014,
  UNAUTHENTICATED: -32_016,
}
/** The text was no JSON, or could not be made into any. */
export const PARSE_ERROR = -32_700
/** It was JSON, and no request. */
export const INVALID_REQUEST = -32_600

/** `params` are an object or an array (JSON-RPC 2.0, section 4.2). Anything else travels as `{ "$data": … }`. */
export const paramsOf = (data: unknown): unknown =>
  data === undefined || (typeof data === 'object' && data !== null && !isWrapped(data)) ? data : { $data: data }

/** The data of `params`. */
export const dataOf = (params: unknown): unknown => (isWrapped(params) ? params.$data : params)

const isWrapped = (value: unknown): value is { readonly $data: unknown } =>
  typeof value === 'object' && value !== null && '$data' in value && Object.keys(value).length === 1
