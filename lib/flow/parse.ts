import type { MessageEvent } from '../event/event.ts'
import { later } from '../store/later.ts'
import type { Frame, Opened } from '../wire/codec.ts'
import { Flaw } from './fault.ts'
import { guard, wellFormed } from './guard.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'

/** A frame, and the whole message that it was read from. */
export interface Parsed extends Frame {
  /** The parsed body; the text itself where it is not JSON. */
  readonly body: unknown
}

/** Say what a message is: bytes to text, text to JSON, JSON to a frame. `undefined`: a part, of which more has to come. */
export const parse = (
  plan: Plan,
  received: Received<MessageEvent>,
): Parsed | undefined | Promise<Parsed | undefined> => {
  const { body, isBase64Encoded } = received.event
  const { maxBytes } = plan.limits
  if (typeof body !== 'string' || body === '') throw new Flaw((say) => say.empty())
  // A character takes at most three bytes in UTF-8, so most messages need no count.
  const bytes = body.length * 3 <= maxBytes ? 0 : Buffer.byteLength(body)
  if (bytes > maxBytes) throw new Flaw((say) => say.tooLong(bytes, maxBytes))
  return isBase64Encoded
    ? decoding().then(({ decode }) => open(plan, received, decode(body)))
    : open(plan, received, body)
}

const decoding = later(() => import('./decode.ts'))

/** What the codec makes of the text: the text that was meant. */
const open = (plan: Plan, { connectionId }: Received, text: string) => {
  wellFormed(text)
  const { codec, clock, state } = plan
  if (!codec.open) return read(plan, text)
  const opened = codec.open(text, { connectionId, now: clock.now(), blobs: state?.ports.blobs })
  // Any thenable: a codec may be of another realm.
  return typeof opened === 'object' ? Promise.resolve(opened).then((meant) => read(plan, meant)) : read(plan, opened)
}

const read = (plan: Plan, text: Opened): Parsed | undefined => {
  if (text === undefined) return undefined
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    // A raw message has a handler of its own, or none.
    if (plan.fallback) return { action: '', id: undefined, dep: undefined, data: text, body: text }
    throw new Flaw((say) => say.notJson())
  }
  guard(body, text, plan.limits)
  const { action, id, dep, data } = plan.codec.read(body)
  return { action, id, dep, data, body }
}
