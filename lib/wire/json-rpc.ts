import { InvalidArgumentError, type PeerError } from '../errors.ts'
import { addressed, refusedBy } from './addressed.ts'
import type { Codec, Frame } from './codec.ts'
import { dataOf, INVALID_REQUEST, NUMBERS, PARSE_ERROR, paramsOf } from './json-rpc-words.ts'

/**
 * JSON-RPC 2.0: `{ "jsonrpc": "2.0", "method": "send", "id": 7, "params": { … } }`.
 *
 * ```ts
 * ws({ codec: jsonRpc() })
 * ```
 *
 * - An id comes back as it came, number or string; a handler reads its JSON as `id`: `7` or `"7"` with its quotes. A
 *   message without one, or with `null`, is a notification: it is never answered, nor are its errors. Others are always
 *   answered, with `"result": null` where the handler returns nothing.
 * - Errors have the numbers of JSON-RPC and `data: { code, details, retryAfterMs, applied }`: -32602 where the data does not fit,
 *   -32601 for an unknown method, -32603 for a defect, -32600 for what is no request, -32700 for what is no JSON, and
 *   -32000 less gRPC's number for the rest: -32009 is `FAILED_PRECONDITION`.
 * - Pushes are notifications, a broadcast's own id beside them as `pushId`; steps are notifications `$progress` of
 *   `{ id, data }`. A peer's `dep` is a member of its request.
 * - Data that is neither object nor array travels in `params` as `{ "$data": … }`, since JSON-RPC permits no other.
 * - Batches are refused with -32600: each message of API Gateway is an invocation of its own anyway.
 */
export const jsonRpc = (): Codec => ({
  read,
  reply: ({ id }, data) =>
    id === undefined ? undefined : `{"jsonrpc":"2.0","id":${written(id)},"result":${JSON.stringify(data) ?? 'null'}}`,
  error: (frame, error) => {
    const refused = refusedBy(error)
    if (frame && !refused && frame.id === undefined) return undefined
    const id = refused?.id ?? frame?.id
    const { code, message, details, retryAfterMs, applied } = error
    const body = { code: numberOf(frame, error), message, data: { code, details, retryAfterMs, applied } }
    return `{"jsonrpc":"2.0","id":${id === undefined ? 'null' : written(id)},"error":${JSON.stringify(body)}}`
  },
  push: (method, data, pushId) => JSON.stringify({ jsonrpc: '2.0', method, pushId, params: paramsOf(data) }),
  progress: ({ id = 'null' }, data) =>
    `{"jsonrpc":"2.0","method":"$progress","params":{"id":${written(id)},"data":${JSON.stringify(data) ?? 'null'}}}`,
  subprotocol: 'ws-interlock.json-rpc',
})

const read = (body: unknown): Frame => {
  if (Array.isArray(body)) throw new Unfit('Batches are not read. Send each request as a message of its own.')
  if (typeof body !== 'object' || body === null)
    throw new Unfit('A request is a JSON object: { "jsonrpc": "2.0", "method": "…", "params": … }.')
  const { jsonrpc, method, id: given, dep, params } = body as { readonly [key: string]: unknown }
  const id = given === undefined || given === null ? undefined : JSON.stringify(given)
  if ((typeof given !== 'string' && typeof given !== 'number' && id !== undefined) || (id?.length ?? 0) > MAX_NAME)
    throw new Unfit(`"id" is a number or a string of at most ${MAX_NAME} characters of JSON, or left out.`)
  const need = (fits: boolean, sentence: string) => {
    if (!fits) throw new Unfit(sentence, id)
  }
  need(jsonrpc === '2.0', '"jsonrpc" is "2.0" in each request.')
  need(typeof method === 'string' && method.length <= MAX_NAME, METHOD)
  need(dep === undefined || (Number.isSafeInteger(dep) && Number(dep) >= 0), '"dep" is a whole number, from 0 up.')
  return { action: String(method), id, dep: dep === undefined ? undefined : Number(dep), data: dataOf(params) }
}

/** Bounds names and ids, which end in logs and in the record of the connection. */
const MAX_NAME = 128
const METHOD = `"method" is the name of a route: a string of at most ${MAX_NAME} characters.`

/** Not a request. The answer carries the id where that could be read, and `null` otherwise. */
class Unfit extends InvalidArgumentError {
  constructor(sentence: string, id?: string) {
    super(sentence)
    addressed(this, id)
  }
}

const numberOf = (frame: Frame | undefined, error: PeerError): number => {
  if (error.code !== 'INVALID_ARGUMENT') return NUMBERS[error.code] ?? NUMBERS.UNKNOWN
  if (refusedBy(error)) return INVALID_REQUEST
  return frame ? NUMBERS.INVALID_ARGUMENT : PARSE_ERROR
}

/** Ids are kept as their JSON. One that a piece of a message gave is a plain text. */
const written = (id: string): string => {
  try {
    JSON.parse(id)
    return id
  } catch {
    return JSON.stringify(id)
  }
}
