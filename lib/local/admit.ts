import { connectEvent } from '../event/make.ts'
import type { Who } from './connection.ts'
import type { Gate } from './gate.ts'
import { ERROR_FRAMES, HANDSHAKE } from './rules.ts'

/** Somebody who asks for a connection. */
export interface Knock {
  readonly who: Who
  /** In the client's own case, without `Host`, which comes from the domain name. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** With its question mark, or empty. */
  readonly query: string
}

export type Verdict =
  | { readonly isAdmitted: true; readonly who: Who; readonly subprotocol: string | undefined }
  | { readonly isAdmitted: false; readonly status: number; readonly message?: string }

/** Ask whoever has a say in it: the quota of new connections, the authorizer, `$connect`. */
export const admit = async (gate: Gate, knock: Knock): Promise<Verdict> => {
  const { settings, invoke, hasRoomFor, feed, chaos } = gate
  chaos?.meet(knock.who.connectionId)
  if (!hasRoomFor.connect())
    return { isAdmitted: false, status: HANDSHAKE.throttled.value, message: ERROR_FRAMES.throttled.value }
  const authorization = await gate.authorize?.(knock)
  if (authorization?.isAdmitted === false) {
    const { status, message, reason } = authorization
    const { connectionId } = knock.who
    feed.tell(() => ({ kind: 'refused', at: settings.clock.now(), connectionId, status, reason }))
    return { isAdmitted: false, status, message }
  }
  const who = authorization ? { ...knock.who, authorizer: authorization.authorizer } : knock.who
  if (!settings.routes.includes('$connect')) return { isAdmitted: true, who, subprotocol: undefined }
  const event = connectEvent({ ...who, now: settings.clock.now(), headers: knock.headers, query: knock.query })
  const result = await invoke(event)
  if (result.outcome === 'timeout')
    return { isAdmitted: false, status: HANDSHAKE.timeout.value, message: ERROR_FRAMES.timeout.value }
  if (result.outcome !== 'answered' || !isHeader(result.answer.subprotocol))
    return { isAdmitted: false, status: HANDSHAKE.broken.value, message: ERROR_FRAMES.broken.value }
  const { status, subprotocol } = result.answer
  return status < 300 ? { isAdmitted: true, who, subprotocol } : { isAdmitted: false, status }
}

/** A line break in a returned header would let a handler write the rest of the answer (RFC 9110, section 5.5). */
const isHeader = (value = '') => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
