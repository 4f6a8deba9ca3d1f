import {
  type Deflated,
  deflatedIn,
  deflatedText,
  dictionaryOf,
  MAX_INFLATED,
  SENTENCES,
  THRESHOLD,
} from '../../wire/deflate-frame.ts'
import type { ClientCodec, Written } from '../codec.ts'
import { base64Of, bytesOf } from './base64.ts'
import { deflated, inflated } from './deflate-stream.ts'
import { needCodec, needOptions, needWhole } from './inner.ts'
import { json } from './json.ts'

export interface DeflateOptions {
  /** Bytes of a frame from which on it is made smaller. @default 1024 */
  readonly threshold?: number
  /** The dictionary that the server has. It serves for what comes; what is sent goes without. @default none */
  readonly dictionary?: string | Uint8Array
  /** Bytes that a frame may have inside. A larger one is refused before it is inflated. @default 1048576 */
  readonly maxBytes?: number
}

/**
 * Make large frames smaller: the counterpart of `deflate()` of `ws-interlock/codec`, by the CompressionStream that
 * browsers, workers and Node have.
 *
 * ```ts
 * connect(url, { codec: deflate(flat(), { dictionary }) })
 * ```
 *
 * `chunk()` goes outside. Throws a TypeError, in a sentence, for what is no codec, and for options that are none.
 */
export const deflate = (inner: ClientCodec = json(), options: DeflateOptions = {}): ClientCodec => {
  needCodec('deflate', inner)
  needWhole(inner, 'What cuts frames goes outside of what makes them smaller.', 'chunk(deflate())')
  const { threshold = THRESHOLD, maxBytes = MAX_INFLATED } = options
  needOptions('deflate', options, { threshold, maxBytes }, ['dictionary'])
  const dictionary = dictionaryOf(options.dictionary, 'deflate')

  const unpack = async (frame: Deflated): Promise<string> => {
    const bytes = bytesOf(frame.z)
    if (!bytes) throw unread(SENTENCES.base64)
    if (frame.d && !dictionary) throw unread(SENTENCES.dictionary)
    let all: Uint8Array
    try {
      all = await inflated(bytes, frame.n, frame.d ? dictionary : undefined)
    } catch (error) {
      throw unread(error instanceof RangeError ? SENTENCES.size : SENTENCES.data, error)
    }
    if (all.length !== frame.n) throw unread(SENTENCES.size)
    return decode(all)
  }
  const packAll = (written: Written): Written | Promise<Written> =>
    typeof written === 'string'
      ? pack(written, threshold, maxBytes)
      : Promise.all(written.map((text) => pack(text, threshold, maxBytes)))
  return {
    subprotocol: `${inner.subprotocol}.deflate${dictionary ? `~${dictionary.hash}` : ''}`,
    write: (message) => {
      const written = inner.write(message)
      return written instanceof Promise ? written.then(packAll) : packAll(written)
    },
    read: (text) => {
      const frame = deflatedIn(text, maxBytes)
      if (frame === undefined) return inner.read(text)
      if (typeof frame === 'string') throw unread(frame)
      return unpack(frame).then((whole) => inner.read(whole))
    },
  }
}

/** What is small is at hand at once. */
const pack = (text: string, threshold: number, maxBytes: number): string | Promise<string> => {
  if (text.length * 3 < threshold) return text
  const bytes = new TextEncoder().encode(text)
  if (bytes.length < threshold || bytes.length > maxBytes) return text
  return deflated(bytes).then((z) => {
    const packed = deflatedText(base64Of(z), bytes.length, false)
    return packed.length < bytes.length ? packed : text
  })
}

const unread = (sentence: string, cause?: unknown) =>
  new Error(`A frame came that cannot be read. ${sentence}`, { cause })

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw unread(SENTENCES.utf8)
  }
}
