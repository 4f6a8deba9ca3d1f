/** A part of a frame: `{ "chunk": "0.k2f9…", "at": 0, "of": 5, "id": "7", "data": "…" }`. */
export interface Piece {
  /** One frame is one name. `SLOT.RANDOM`; a peer has eight slots, and what it puts into one replaces what was there. */
  readonly name: string
  readonly slot: string
  readonly at: number
  readonly of: number
  /** That of the message inside, for a refusal. */
  readonly id: string | undefined
  readonly data: string
}

/** A part that is none. */
export interface Unfit {
  readonly sentence: string
  /** That of the message inside, where it could be read. */
  readonly id: string | undefined
}

/** The part that a text is; what is wrong with it, or `undefined` where it is a frame as it stands. */
export const pieceIn = (text: string, maxBytes: number): Piece | Unfit | undefined => {
  // Cheaper than to parse every message twice. Whoever writes one puts "chunk" first.
  if (!MARK.test(text)) return undefined
  let body: { readonly [name: string]: unknown }
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  if (Object.keys(body).some((name) => !MEMBERS.includes(name))) return undefined
  const { chunk, at, of, id, data } = body
  const max = maxPieces(maxBytes)
  const isId = id === undefined || (typeof id === 'string' && id.length > 0 && id.length <= MAX_ID)
  const unfit = (sentence: string): Unfit => ({ sentence, id: isId ? id : undefined })
  if (!isId) return unfit(`"id" of a piece is that of its message: 1 to ${MAX_ID} characters, or left out.`)
  if (typeof chunk !== 'string' || !NAME.test(chunk))
    return unfit('"chunk" of a piece is a slot from 0 to 7, a dot, and 8 to 64 letters, digits, - or _.')
  if (!isWhole(of, 2, max)) return unfit(`"of" of a piece is a whole number from 2 to ${max}.`)
  if (!isWhole(at, 0, of - 1)) return unfit(`"at" of a piece is a whole number from 0 to ${of - 1}, below "of".`)
  if (typeof data !== 'string' || data === '') return unfit('"data" of a piece is its part of the text.')
  return { name: chunk, slot: chunk.slice(0, 1), at, of, id, data }
}

const MARK = /^\s*\{\s*"chunk"\s*:/
const MEMBERS = ['chunk', 'at', 'of', 'id', 'data']
const NAME = /^[0-7]\.[\w-]{8,64}$/

const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max

/** How many pieces a frame of so many bytes may need: JSON writes a quote in two bytes, and a piece may be all quotes. */
const maxPieces = (maxBytes: number) => Math.ceil((2 * maxBytes) / MIN_ROOM) + 1

/** The JSON of an id takes up to six bytes a character. */
const MAX_ID = 128
/** What is left in the smallest piece beside its other members, in bytes. */
const MIN_ROOM = 31_000

/** Another total under a name than that of the pieces before: one of them is a lie. */
export const FORGED = 'Another piece of the same name has another "of".'

/** A text in pieces. */
export interface Cut {
  /** The frames of its pieces, under a name that nothing else has. */
  readonly texts: (name: string) => readonly string[]
}

/** Cut a text into pieces whose frames have so many bytes at most. `id` is that of the message, if they are to tell it. */
export const cut = (text: string, maxFrameBytes: number, id?: string): Cut => {
  const head = (name: string, at: number, of: number) =>
    `${JSON.stringify({ chunk: name, at, of, id }).slice(0, -1)},"data":`
  const room = maxFrameBytes - bytesOf(head('0.0123456789abcdef', 99_999, 99_999)) - '""}'.length
  const pieces: string[] = []
  let from = 0
  let taken = 0
  for (let at = 0; at < text.length; at++) {
    const bytes = jsonBytesAt(text, at)
    if (taken + bytes > room) {
      pieces.push(JSON.stringify(text.slice(from, at)))
      from = at
      taken = 0
    }
    taken += bytes
    // The second half of a character never begins a piece.
    if (bytes === PAIR) at++
  }
  pieces.push(JSON.stringify(text.slice(from)))
  return { texts: (name) => pieces.map((data, at) => `${head(name, at, pieces.length)}${data}}`) }
}

/** Bytes of a character in UTF-8, once it stands in a string of JSON. */
const jsonBytesAt = (text: string, at: number): number => {
  const code = text.charCodeAt(at)
  if (code === 0x22 || code === 0x5c) return 2
  if (code < 0x20) return 6
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  if (code < 0xd800 || code > 0xdfff) return 3
  const next = text.charCodeAt(at + 1)
  // Half a character is escaped.
  return code < 0xdc00 && next >= 0xdc00 && next <= 0xdfff ? PAIR : 6
}

const PAIR = 4

export const bytesOf = (text: string): number => new TextEncoder().encode(text).length

/** Sixteen digits for a name. `random` is from 0 up to 1. */
export const digits = (random: () => number): string =>
  Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join('')

/** Ours: eight times this is what a peer can have waiting, and twice that where all of it has to be escaped. */
export const MAX_BYTES = 1_048_576
/** How long the pieces of a frame wait for each other. */
export const TTL_MS = 60_000
/**
 * API Gateway takes frames of 32 KB from a peer and carries messages of 128 KB to it (WebSocket API quotas). Whether that
 * is 1024 bytes or 1000, and the last of them included, is not written.
 */
export const PIECE_BYTES = { toServer: 32_000, toPeer: 128_000 } as const
