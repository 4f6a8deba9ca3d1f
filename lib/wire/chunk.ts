import { InvalidArgumentError } from '../errors.ts'
import { mistake, need, needKeys } from '../mistakes.ts'
import { addressed, refusedBy } from './addressed.ts'
import { around, needCodec } from './around.ts'
import { gather } from './chunk-gather.ts'
import { bytesOf, type Cut, cut, digits, MAX_BYTES, PIECE_BYTES, pieceIn, TTL_MS } from './chunk-piece.ts'
import type { Codec, Opening } from './codec.ts'
import { json } from './json.ts'

export interface ChunkOptions {
  /** Bytes of the largest frame, either way. @default 1048576 */
  readonly maxBytes?: number
  /** How long the pieces of a peer's frame wait for each other, in milliseconds. @default 60_000 */
  readonly ttlMs?: number
  /** A number from 0 up to 1, for the names of frames. A test passes its own. @default Math.random */
  readonly random?: () => number
}

/**
 * Frames that are larger than API Gateway takes (32 KB) and carries (128 KB): they travel in pieces,
 * `{ "chunk": "0.4f1c…", "at": 0, "of": 5, "id": "7", "data": "…" }`, and are put together at the other end.
 *
 * ```ts
 * ws({ codec: chunk(deflate()), limits: { maxKeys: 20_000 } }).store(dynamodb({ tableName: 'chat' }))
 * ```
 *
 * - The client needs its counterpart of `ws-interlock/client/codec`. One that does not offer the subprotocol is turned
 *   away. Pieces have no action, so that API Gateway selects `$default` for them.
 * - It needs a store: each piece of a peer's is an invocation of its own, at the same time as the others, in any order
 *   and any instance. A message of n pieces is n invocations, n puts of up to 32 KB, and about 3 n reads; it is handled once,
 *   by whichever invocation sees it whole. A piece that is lost loses the message, and the client hears nothing.
 * - A frame to a peer is one post per 128 KB, one after the other; the first that is not delivered ends it.
 * - A connection has eight frames on their way to the server at once; the client lets others wait until one is answered
 *   or `ttlMs` is over. The pieces of a ninth would replace those of another. So there is never more of a connection in
 *   the store than 8 times twice `maxBytes`, for `ttlMs`.
 * - What is put together is held to `limits` too: a large message has many keys, so raise `maxKeys`.
 *
 * Throws a TypeError, in a sentence, for what is no codec, and for options that are none.
 */
export const chunk = (inner: Codec = json(), options: ChunkOptions = {}): Codec => {
  needCodec('chunk', inner)
  if (inner.carry) throw mistake('One codec cuts frames, and it goes outside of all others.', 'chunk()')
  const { maxBytes, ttlSeconds, random } = settingsOf(options)
  const slices = remembering((frame) => cut(frame, PIECE_BYTES.toPeer))
  const { open } = inner
  const opened = (text: string, from: Opening) => (open ? open.call(inner, text, from) : text)
  return {
    ...around(inner, { name: 'chunk', required: true }),
    error: (frame, error) => inner.error(frame ?? refusedBy(error), error),
    open: (text, from) => {
      const piece = pieceIn(text, maxBytes)
      if (!piece) return opened(text, from)
      const refuse = (sentence: string) => addressed(new InvalidArgumentError(sentence), piece.id)
      if ('sentence' in piece) throw refuse(piece.sentence)
      // Half a character would come back from the store as another one.
      if (!piece.data.isWellFormed()) throw refuse('"data" of a piece is not well-formed Unicode.')
      if (bytesOf(piece.data) > MAX_DATA) throw refuse(`"data" of a piece has ${MAX_DATA} bytes at most.`)
      const { connectionId, blobs } = from
      if (!blobs) throw new Error('chunk() keeps the pieces of messages, and there is no store that keeps texts.')
      return gather(piece, { connectionId, blobs, maxBytes, ttlSeconds }).then((all) =>
        all === undefined ? all : opened(all, from),
      )
    },
    carry: async (frame, post) => {
      if (isShort(frame)) return post(frame)
      // The slot means nothing this way: whoever speaks to a peer does not know what others say to it.
      const [first = frame, ...rest] = slices(frame).texts(`0.${digits(random)}`)
      let outcome = await post(first)
      for (const text of rest) {
        if (outcome.outcome !== 'delivered') break
        outcome = await post(text)
      }
      return outcome
    },
    keeps: true,
    maxBytes,
  }
}

const settingsOf = (options: ChunkOptions) => {
  needKeys('chunk()', options, ['maxBytes', 'ttlMs', 'random'])
  const { maxBytes = MAX_BYTES, ttlMs = TTL_MS, random = Math.random } = options
  for (const [name, value] of Object.entries({ maxBytes, ttlMs }))
    need(Number.isSafeInteger(value) && value > 0, 'A positive whole number', `chunk({ ${name} })`)
  need(typeof random === 'function', 'A function', 'chunk({ random })')
  return { maxBytes, ttlSeconds: Math.ceil(ttlMs / 1_000), random }
}

/** A broadcast says the same frame to each member. Only its last cut is kept: each member gets a name of its own. */
const remembering = (make: (frame: string) => Cut) => {
  let last: { readonly frame: string; readonly made: Cut } | undefined
  return (frame: string): Cut => {
    if (last?.frame !== frame) last = { frame, made: make(frame) }
    return last.made
  }
}

// A character takes at most three bytes in UTF-8, so most frames need no count.
const isShort = (frame: string) =>
  frame.length * 3 <= PIECE_BYTES.toPeer || Buffer.byteLength(frame) <= PIECE_BYTES.toPeer

/** 32 KB, what a peer can send in one frame (WebSocket API quotas). */
const MAX_DATA = 32_768
