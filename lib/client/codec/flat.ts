import { flatData, flatText } from '../../wire/flat-members.ts'
import type { ClientCodec } from '../codec.ts'
import { headOf, objectIn } from './frame.ts'

/** JSON whose data lies beside the action: the counterpart of `flat()` of `ws-interlock/codec`. */
export const flat = (): ClientCodec => ({
  subprotocol: 'ws-interlock.flat',
  write: ({ action, id, dep, data }) => flatText({ action, id, dep }, data),
  read: (text) => {
    const body = objectIn(text)
    const head = headOf(body)
    if ('error' in head || 'progress' in head) return head
    const data = flatData(body, HEAD)
    return data === undefined ? head : { ...head, data }
  },
})

const HEAD = ['action', 'id', 'event']
