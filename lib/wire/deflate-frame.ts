import { need } from '../mistakes.ts'

/** A text that was made smaller: `{ "z": "<base64 of deflate-raw>", "n": 5120, "d": 1 }`. */
export interface Deflated {
  readonly z: string
  /** Bytes of the text inside. */
  readonly n: number
  /** It was made with the dictionary. */
  readonly d: boolean
}

/** The frame of a text that was made smaller; a sentence where it is a bad one, and `undefined` where it is none. */
export const deflatedIn = (text: string, maxBytes: number): Deflated | string | undefined => {
  // Cheaper than to parse every message twice. Whoever writes one puts "z" first.
  if (!MARK.test(text)) return undefined
  let body: { readonly z?: unknown; readonly n?: unknown; readonly d?: unknown }
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  if (Object.keys(body).some((name) => !MEMBERS.includes(name))) return undefined
  const { z, n, d } = body
  if (typeof z !== 'string') return '"z" is a text: the Base64 of deflate-raw.'
  if (!Number.isSafeInteger(n) || Number(n) < 1)
    return '"n" is the bytes of the text inside: a whole number, from 1 up.'
  if (Number(n) > maxBytes) return `The text inside takes ${n} bytes; ${maxBytes} are allowed.`
  if (d !== undefined && d !== 1) return '"d" is 1 where the dictionary was used, and is left out otherwise.'
  return { z, n: Number(n), d: d === 1 }
}

const MARK = /^\s*\{\s*"z"\s*:/
const MEMBERS = ['z', 'n', 'd']

/** The JSON of the frame. */
export const deflatedText = (z: string, n: number, d: boolean): string => `{"z":"${z}","n":${n}${d ? ',"d":1' : ''}}`

/** Why a frame is refused that looks well until it is inflated. */
export const SENTENCES = {
  base64: '"z" is no Base64.',
  data: '"z" is not the Base64 of a whole deflate-raw stream, and of nothing else.',
  size: '"n" is not the bytes of the text inside.',
  dictionary: 'It was made with a dictionary, and there is none here.',
  utf8: 'The text inside is not valid UTF-8.',
} as const

/** What both ends have in their heads, so that it need not be sent. */
export interface Dictionary {
  readonly bytes: Uint8Array
  /** How it is called in the subprotocol. */
  readonly hash: string
}

/** Throws a TypeError for what can be none. */
export const dictionaryOf = (given: unknown, where: string): Dictionary | undefined => {
  if (given === undefined) return undefined
  const bytes = typeof given === 'string' ? new TextEncoder().encode(given) : given
  const isFit = bytes instanceof Uint8Array && bytes.length > 0 && bytes.length <= MAX_DICTIONARY
  need(isFit, `A text or a Uint8Array of 1 to ${MAX_DICTIONARY} bytes`, `${where}({ dictionary })`)
  return isFit ? { bytes, hash: hashOf(bytes) } : undefined
}

/** How far back deflate looks (RFC 1951, section 2). What lies further is never used. */
const MAX_DICTIONARY = 32_768

/** FNV-1a, of 32 bits: it tells an old dictionary from a new one, and guards against nothing else. */
const hashOf = (bytes: Uint8Array): string => {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

/** 1 KB: below it little is left after Base64. */
export const THRESHOLD = 1_024
/** Ours: far above what a message needs, and far below what fills a function. */
export const MAX_INFLATED = 1_048_576
