import type { Codec } from './codec.ts'
import { flatData, flatText } from './flat-members.ts'
import { json } from './json.ts'

/**
 * JSON whose data lies beside the action: `{ "action": "send", "id": "7", "room": "lobby", "text": "…" }`, and back.
 *
 * ```ts
 * ws({ codec: flat() })
 * ```
 *
 * - Nothing is lost: data that is no object, an empty one, or one with a name of the wire (`action`, `id`, `dep`, `data`,
 *   `error`, `event`, `progress`) goes under `data`, and a frame with `data` is read by that alone.
 * - Errors and steps are as in `json()`.
 */
export const flat = (): Codec => {
  const { read } = json()
  return {
    read: (body) => {
      const { action, id, dep } = read(body)
      return { action, id, dep, data: flatData(Object(body), ['action', 'id', 'dep']) }
    },
    // Without an action nothing would tell the data's members from the wire's.
    reply: ({ action, id }, data) => (action ? flatText({ action, id }, data) : JSON.stringify({ id, data })),
    error: (frame, error) => JSON.stringify({ action: frame?.action || undefined, id: frame?.id, error }),
    push: (event, data, id) => flatText({ event, id }, data),
    progress: ({ action, id }, progress = null) => JSON.stringify({ action: action || undefined, id, progress }),
    subprotocol: 'ws-interlock.flat',
  }
}
