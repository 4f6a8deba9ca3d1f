import { need } from '../../mistakes.ts'
import { bytesOf, cut, digits, MAX_BYTES, PIECE_BYTES, pieceIn, TTL_MS } from '../../wire/chunk-piece.ts'
import type { ClientCodec, Incoming, Outgoing, Written } from '../codec.ts'
import { gathering } from './chunk-gather.ts'
import { needCodec, needOptions, needWhole } from './inner.ts'
import { json } from './json.ts'
import { slots } from './slots.ts'

export interface ChunkOptions {
  /** Bytes of the largest frame, either way: what the server has. @default 1048576 */
  readonly maxBytes?: number
  /** How long the pieces of a frame that comes wait for each other, in milliseconds. @default 60_000 */
  readonly ttlMs?: number
  /** Epoch milliseconds. A test passes its own. @default Date.now */
  readonly now?: () => number
  /** A number from 0 up to 1, for the names of frames. A test passes its own. @default Math.random */
  readonly random?: () => number
}

/**
 * Frames that are larger than API Gateway takes: the counterpart of `chunk()` of `ws-interlock/codec`. It goes outside of
 * all others.
 *
 * ```ts
 * connect(url, { codec: chunk(deflate()) })
 * ```
 *
 * Eight large messages of a connection can be on their way at a time; a ninth replaces the oldest of which no answer has
 * come. Of what comes, eight frames are put together at a time.
 *
 * Throws a TypeError, in a sentence, for what is no codec, and for options that are none.
 */
export const chunk = (inner: ClientCodec = json(), options: ChunkOptions = {}): ClientCodec => {
  needCodec('chunk', inner)
  needWhole(inner, 'One codec cuts frames, and it goes outside of all others.', 'chunk()')
  const { maxBytes = MAX_BYTES, ttlMs = TTL_MS, now = Date.now, random = Math.random } = options
  needOptions('chunk', options, { maxBytes, ttlMs }, ['now', 'random'])
  need(typeof now === 'function', 'A function', 'chunk({ now })')
  need(typeof random === 'function', 'A function', 'chunk({ random })')
  const gather = gathering({ maxBytes, ttlMs, now })
  const sending = slots()

  const cutAll = (written: Written, message: Outgoing): Written => {
    if (typeof written !== 'string') return written.flatMap((text) => cutAll(text, message))
    // A character takes at most three bytes in UTF-8, so most frames need no count.
    const bytes = written.length * 3 <= PIECE_BYTES.toServer ? 0 : bytesOf(written)
    if (bytes <= PIECE_BYTES.toServer) return written
    if (bytes > maxBytes)
      throw new Error(`'${message.action}' takes ${bytes} bytes, and chunk() carries ${maxBytes}. Send less.`)
    return cut(written, PIECE_BYTES.toServer, message.id).texts(`${sending.take(message.id)}.${digits(random)}`)
  }
  const heard = (frame: Incoming | undefined) => {
    if (frame?.id !== undefined && frame.event === undefined && !('progress' in frame)) sending.free(frame.id)
    return frame
  }
  return {
    subprotocol: `${inner.subprotocol}.chunk`,
    write: (message) => {
      const written = inner.write(message)
      return written instanceof Promise ? written.then((all) => cutAll(all, message)) : cutAll(written, message)
    },
    read: (text) => {
      const piece = pieceIn(text, maxBytes)
      if (piece && 'sentence' in piece) throw new Error(`A frame came that cannot be read. ${piece.sentence}`)
      const whole = piece ? gather(piece) : text
      if (whole === undefined) return undefined
      const frame = inner.read(whole)
      return frame instanceof Promise ? frame.then(heard) : heard(frame)
    },
  }
}
