import { need } from '../../mistakes.ts'
import { bytesOf, type Cut, cut, digits, MAX_BYTES, PIECE_BYTES, pieceIn, TTL_MS } from '../../wire/chunk-piece.ts'
import type { ClientCodec, Incoming, Outgoing, Written } from '../codec.ts'
import { gathering } from './chunk-gather.ts'
import { needCodec, needOptions, needWhole } from './inner.ts'
import { json } from './json.ts'
import { slots } from './slots.ts'

export interface ChunkOptions {
  /** Bytes of the largest frame, either way: what the server has. @default 1048576 */
  readonly maxBytes?: number
  /**
   * How long the pieces of a frame wait for each other, in milliseconds, either way: what the server has. After it the
   * place of a message that has no answer is free. @default 60_000
   */
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
 * Eight large messages are on their way at once, which is what a server holds of a connection. A ninth waits, and what
 * is sent after it waits behind it, until one of the eight is answered or was written `ttlMs` ago. Of what comes, eight
 * frames are put together at a time.
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
  const sending = slots({ ttlMs, now })

  /** A frame as it stands, or its pieces, which need a name. Throws before a place is taken. */
  const cutOne = (text: string, { action, id }: Outgoing): string | Cut => {
    // A character takes at most three bytes in UTF-8, so most frames need no count.
    const bytes = text.length * 3 <= PIECE_BYTES.toServer ? 0 : bytesOf(text)
    if (bytes <= PIECE_BYTES.toServer) return text
    if (bytes > maxBytes)
      throw new Error(`'${action}' takes ${bytes} bytes, and chunk() carries ${maxBytes}. Send less.`)
    return cut(text, PIECE_BYTES.toServer, id)
  }
  const place = (frame: string | Cut, { id }: Outgoing, part: number): Written | Promise<Written> => {
    if (typeof frame === 'string') return frame
    const named = (slot: number) => frame.texts(`${slot}.${digits(random)}`)
    const slot = sending.take(id, part)
    return typeof slot === 'number' ? named(slot) : slot.then(named)
  }
  const cutAll = (written: Written, message: Outgoing): Written | Promise<Written> => {
    if (typeof written === 'string') return place(cutOne(written, message), message, 0)
    const frames = written.map((text) => cutOne(text, message)).map((frame, part) => place(frame, message, part))
    return frames.some((frame) => frame instanceof Promise)
      ? Promise.all(frames).then((all) => all.flat())
      : (frames as Written[]).flat()
  }
  const heard = (frame: Incoming | undefined) => {
    if (frame?.id !== undefined && frame.event === undefined && !('progress' in frame)) sending.free(frame.id)
    return frame
  }
  return {
    subprotocol: `${inner.subprotocol}.chunk`,
    lost: () => {
      sending.clear()
      inner.lost?.()
    },
    write: (message) => {
      const written = inner.write(message)
      return written instanceof Promise ? written.then((all) => cutAll(all, message)) : cutAll(written, message)
    },
    read: (text) => {
      sending.look()
      const piece = pieceIn(text, maxBytes)
      if (piece && 'sentence' in piece) throw new Error(`A frame came that cannot be read. ${piece.sentence}`)
      const whole = piece ? gather(piece) : text
      if (whole === undefined) return undefined
      const frame = inner.read(whole)
      return frame instanceof Promise ? frame.then(heard) : heard(frame)
    },
  }
}
