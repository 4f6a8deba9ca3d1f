import { InvalidArgumentError } from '../errors.ts'
import { mistake, need, needKeys } from '../mistakes.ts'
import { around, needCodec } from './around.ts'
import type { Codec } from './codec.ts'
import {
  type Deflated,
  deflatedIn,
  deflatedText,
  dictionaryOf,
  MAX_INFLATED,
  SENTENCES,
  THRESHOLD,
} from './deflate-frame.ts'
import { json } from './json.ts'

export interface DeflateOptions {
  /** Bytes of a frame from which on it is made smaller. @default 1024 */
  readonly threshold?: number
  /**
   * Up to 32 KB of what messages look like, the likeliest last; the other end has the same. It helps most with frames
   * below 1 KB, so give a lower threshold with it. Browsers inflate by it and cannot deflate by it, so only what the
   * server sends is made smaller by it. @default none
   */
  readonly dictionary?: string | Uint8Array
  /** From 1, fast, to 9, small. @default 6 */
  readonly level?: number
  /** Bytes that a peer's frame may have inside. A larger one is refused before it is inflated. @default 1048576 */
  readonly maxBytes?: number
}

/**
 * Make large frames smaller: `{ "z": "<base64 of deflate-raw>", "n": 5120 }`, where that is shorter. JSON of 1.3 KB
 * shrinks to about 0.53 of its bytes, of 10 KB to 0.40, of 100 KB to 0.35.
 *
 * ```ts
 * ws({ codec: deflate() })
 * ws({ codec: deflate(flat(), { threshold: 256, dictionary }) })
 * ```
 *
 * - The client needs its counterpart of `ws-interlock/client/codec`, with the same dictionary. One that does not offer
 *   the subprotocol is turned away.
 * - `chunk()` goes outside: `chunk(deflate())`.
 * - Such a frame has no action, so that API Gateway selects `$default` for it.
 * - A frame of a peer costs what it says at most: it is refused where `n` is above `maxBytes`, and inflating stops at `n`.
 *
 * Throws a TypeError, in a sentence, for what is no codec, and for options that are none.
 */
export const deflate = (inner: Codec = json(), options: DeflateOptions = {}): Codec => {
  needCodec('deflate', inner)
  if (inner.carry) throw mistake('What cuts frames goes outside of what makes them smaller.', 'chunk(deflate())')
  const { threshold, level, maxBytes, dictionary } = settingsOf(options)

  const pack = (text: string): string => {
    if (text.length * 3 < threshold) return text
    const bytes = Buffer.from(text)
    if (bytes.length < threshold || bytes.length > maxBytes) return text
    const z = zlib().deflateRawSync(bytes, { level, ...by(dictionary?.bytes) })
    const packed = deflatedText(z.toString('base64'), bytes.length, dictionary !== undefined)
    return packed.length < bytes.length ? packed : text
  }
  const unpack = (text: string): string => {
    const frame = deflatedIn(text, maxBytes)
    if (frame === undefined) return text
    if (typeof frame === 'string') throw new InvalidArgumentError(frame)
    if (frame.d && !dictionary) throw new InvalidArgumentError(SENTENCES.dictionary)
    return inflate(frame, frame.d ? dictionary?.bytes : undefined)
  }
  const name = dictionary ? `deflate~${dictionary.hash}` : 'deflate'
  const { open } = inner
  return {
    ...around(inner, { name, required: true, text: pack }),
    open: open ? (text, from) => open.call(inner, unpack(text), from) : unpack,
  }
}

const settingsOf = (options: DeflateOptions) => {
  needKeys('deflate()', options, ['threshold', 'dictionary', 'level', 'maxBytes'])
  const { threshold = THRESHOLD, level = 6, maxBytes = MAX_INFLATED } = options
  for (const [name, value] of Object.entries({ threshold, maxBytes }))
    need(Number.isSafeInteger(value) && value > 0, 'A positive whole number', `deflate({ ${name} })`)
  need(Number.isInteger(level) && level > 0 && level < 10, 'A whole number from 1 to 9', 'deflate({ level })')
  return { threshold, level, maxBytes, dictionary: dictionaryOf(options.dictionary, 'deflate') }
}

const inflate = ({ z, n }: Deflated, dictionary: Uint8Array | undefined): string => {
  const bytes = Buffer.from(z, 'base64')
  if (bytes.toString('base64') !== z) throw new InvalidArgumentError(SENTENCES.base64)
  let all: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }
  try {
    // `info` says how much was read: zlib says nothing of what lies behind the end of a stream. Its types lack it.
    all = zlib().inflateRawSync(bytes, { maxOutputLength: n, info: true, ...by(dictionary) }) as never
  } catch (error) {
    const isTooLong = Object(error).code === 'ERR_BUFFER_TOO_LARGE'
    throw new InvalidArgumentError(isTooLong ? SENTENCES.size : SENTENCES.data)
  }
  if (all.engine.bytesWritten !== bytes.length) throw new InvalidArgumentError(SENTENCES.data)
  if (all.buffer.length !== n) throw new InvalidArgumentError(SENTENCES.size)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(all.buffer)
  } catch {
    throw new InvalidArgumentError(SENTENCES.utf8)
  }
}

const by = (dictionary: Uint8Array | undefined) => dictionary && { dictionary }

/** Loaded by the first frame that needs it: most functions never see one. */
const zlib = () => {
  loaded ??= process.getBuiltinModule('node:zlib')
  return loaded
}
let loaded: typeof import('node:zlib') | undefined
