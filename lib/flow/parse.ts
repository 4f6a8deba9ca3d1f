import { InvalidArgumentError, ResourceExhaustedError } from '../errors.ts'
import type { MessageEvent } from '../event/event.ts'
import type { Frame } from '../wire/codec.ts'
import { guard, wellFormed } from './guard.ts'
import type { Plan } from './plan.ts'
import type { Received } from './receive.ts'

/** A frame, and the whole message that it was read from. */
export interface Parsed extends Frame {
  /** The parsed body; the text itself where it is not JSON. */
  readonly body: unknown
}

/** Say what a message is: bytes to text, text to JSON, JSON to a frame. */
export const parse = (plan: Plan, { event }: Received<MessageEvent>): Parsed => {
  const text = read(event, plan.limits.maxBytes)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    // A raw message has a handler of its own, or none.
    if (plan.fallback) return { action: '', id: undefined, dep: undefined, data: text, body: text }
    throw new InvalidArgumentError('The message is not JSON.')
  }
  guard(body, text, plan.limits)
  const { action, id, dep, data } = plan.codec.read(body)
  return { action, id, dep, data, body }
}

const read = ({ body, isBase64Encoded }: MessageEvent, maxBytes: number): string => {
  if (typeof body !== 'string' || body === '') throw new InvalidArgumentError('The message is empty.')
  // A character takes at most three bytes in UTF-8, so most messages need no count.
  const bytes = body.length * 3 <= maxBytes ? 0 : Buffer.byteLength(body)
  if (bytes > maxBytes)
    throw new ResourceExhaustedError(`The message takes ${bytes} bytes; ${maxBytes} are allowed.`, {
      details: { bytes, maxBytes },
    })
  const text = isBase64Encoded ? decode(body) : body
  wellFormed(text)
  return text
}

const decode = (body: string): string => {
  const bytes = Buffer.from(body, 'base64')
  // Buffer skips what is not Base64 and stops at the padding; only a text that comes back the same was valid.
  if (bytes.toString('base64') !== body) throw new InvalidArgumentError('The message is not valid Base64.')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new InvalidArgumentError('The message is not valid UTF-8.')
  }
}
