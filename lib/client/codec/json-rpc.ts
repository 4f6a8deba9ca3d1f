import type { PeerError } from '../../errors.ts'
import { dataOf, NUMBERS, paramsOf } from '../../wire/json-rpc-words.ts'
import type { ClientCodec, Incoming } from '../codec.ts'
import { objectIn, shown } from './frame.ts'

/**
 * JSON-RPC 2.0: the counterpart of `jsonRpc()` of `ws-interlock/codec`. A reply without data is `null` there, and here.
 */
export const jsonRpc = (): ClientCodec => ({
  subprotocol: 'ws-interlock.json-rpc',
  write: ({ action, id, dep, data }) =>
    JSON.stringify({ jsonrpc: '2.0', id, method: action, dep, params: paramsOf(data) }),
  read: (text) => {
    const body = objectIn(text)
    const { jsonrpc, method, params, pushId, id, result, error } = body
    const refuse = () => new Error(`A frame came that is no JSON-RPC 2.0: ${shown(text)}`)
    if (jsonrpc !== '2.0') throw refuse()
    if (typeof method === 'string') return pushed(method, dataOf(params), pushId)
    if ('error' in body) return { ...idOf(id), error: errorOf(error, refuse) }
    if ('result' in body) return { ...idOf(id), data: result }
    throw refuse()
  },
})

const pushed = (event: string, data: unknown, pushId: unknown): Incoming => {
  if (event !== '$progress') return { event, data, ...idOf(pushId) }
  const step = Object(data) as { readonly id?: unknown; readonly data?: unknown }
  return { ...idOf(step.id), progress: step.data }
}

/** `null` is nobody's id. */
const idOf = (id: unknown): { readonly id?: string } =>
  typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {}

/** The code is in the error's data; a server of another make has only its number. */
const errorOf = (error: unknown, refuse: () => Error): PeerError => {
  const { code: number, message, data } = Object(error) as { readonly [name: string]: unknown }
  if (typeof number !== 'number' || typeof message !== 'string') throw refuse()
  const { code, details, retryAfterMs, applied } = Object(data) as Partial<PeerError>
  return {
    code: typeof code === 'string' ? code : codeOf(number),
    message,
    ...(details !== undefined && { details }),
    ...(typeof retryAfterMs === 'number' && { retryAfterMs }),
    ...(applied === true && { applied }),
  }
}

const codeOf = (number: number): PeerError['code'] => {
  const [code] = Object.entries(NUMBERS).find(([, its]) => its === number) ?? []
  // The keys of that table are codes.
  return (code ?? (number < -32_600 || number === -32_600 ? 'INVALID_ARGUMENT' : 'UNKNOWN')) as PeerError['code']
}
