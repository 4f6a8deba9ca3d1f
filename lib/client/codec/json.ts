import type { ClientCodec } from '../codec.ts'
import { headOf, objectIn } from './frame.ts'

/** JSON as it stands, `{ "action": "send", "id": "7", "data": … }`: what a client speaks by default. */
export const json = (): ClientCodec => ({
  subprotocol: 'ws-interlock',
  write: ({ action, id, dep, data }) => JSON.stringify({ action, id, dep, data }),
  read: (text) => {
    const body = objectIn(text)
    return 'data' in body ? { ...headOf(body), data: body.data } : headOf(body)
  },
})
