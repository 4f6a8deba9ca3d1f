import { InvalidArgumentError } from '../errors.ts'
import type { Codec } from './codec.ts'

/**
 * The default wire: `{ "action": "join", "id": "7", "data": { … } }` and back. `README.md` beside this file is the
 * contract.
 */
export const json = (): Codec => ({
  subprotocol: 'ws-interlock',
  read: (body) => {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw new InvalidArgumentError('A message is a JSON object: { "action": "…", "data": … }.')
    const { action = '', id, dep, data } = body as { readonly [key: string]: unknown }
    if (typeof action !== 'string' || action.length > MAX_NAME)
      throw new InvalidArgumentError(`"action" is the name of a route: a string of at most ${MAX_NAME} characters.`)
    if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > MAX_NAME))
      throw new InvalidArgumentError(`"id" is a string of 1 to ${MAX_NAME} characters, or left out.`)
    if (dep !== undefined && !isCount(dep)) throw new InvalidArgumentError('"dep" is a whole number, from 0 up.')
    return { action, id, dep, data }
  },
  // Stringified as they stand: undefined members are left out, and `id` stays away where the peer gave none.
  reply: ({ action, id }, data) => JSON.stringify({ action: action || undefined, id, data }),
  // Never left out: a frame without it would be the reply.
  progress: ({ action, id }, data = null) => JSON.stringify({ action: action || undefined, id, progress: data }),
  error: (frame, error) => JSON.stringify({ action: frame?.action || undefined, id: frame?.id, error }),
  push: (event, data, id) => JSON.stringify({ event, id, data }),
})

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** Bounds names and ids, which end in logs and in the record of the connection. */
const MAX_NAME = 128
