import { NO_BYTES, unwrapBytes, wrapBytes } from '../../wire/binary-walk.ts'
import type { ClientCodec, Incoming } from '../codec.ts'
import { base64Of, bytesOf } from './base64.ts'
import { needCodec } from './inner.ts'
import { json } from './json.ts'

/**
 * Bytes in messages, both ways: the counterpart of `binary()` of `ws-interlock/codec`. A `Uint8Array` or an `ArrayBuffer`
 * anywhere in the data arrives as a `Uint8Array`.
 *
 * Throws a TypeError for what is no codec.
 */
export const binary = (inner: ClientCodec = json()): ClientCodec => {
  needCodec('binary', inner)
  return {
    subprotocol: `${inner.subprotocol}.binary`,
    write: (message) => inner.write({ ...message, data: wrapBytes(message.data, base64Of) }),
    read: (text) => {
      const frame = inner.read(text)
      return frame instanceof Promise ? frame.then(unwrapped) : unwrapped(frame)
    },
  }
}

const unwrapped = (frame: Incoming | undefined): Incoming | undefined =>
  frame && {
    ...frame,
    ...('data' in frame && { data: unwrapBytes(frame.data, needBytes) }),
    ...('progress' in frame && { progress: unwrapBytes(frame.progress, needBytes) }),
  }

const needBytes = (base64: unknown): Uint8Array => {
  const bytes = bytesOf(base64)
  if (!bytes) throw new Error(`A frame came that cannot be read. ${NO_BYTES}`)
  return bytes
}
