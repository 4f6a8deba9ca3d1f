import { bytesOf, FORGED, type Piece } from '../../wire/chunk-piece.ts'

export interface Bounds {
  readonly maxBytes: number
  readonly ttlMs: number
  readonly now: () => number
}

/** A frame, some of whose pieces have come. */
interface Parts {
  readonly of: number
  readonly endAt: number
  readonly texts: string[]
  count: number
  bytes: number
}

/**
 * Put frames together from their pieces, in whatever order they come, and each once. Eight frames at a time at most,
 * `maxBytes` each, for `ttlMs`: the oldest has to go.
 */
export const gathering = ({ maxBytes, ttlMs, now }: Bounds) => {
  const under = new Map<string, Parts>()
  const ended = new Set<string>()
  const end = (name: string) => {
    under.delete(name)
    ended.add(name)
    for (const oldest of ended) if (ended.size > REMEMBERED) ended.delete(oldest)
  }
  const sweep = () => {
    for (const [name, { endAt }] of under) if (endAt <= now()) end(name)
  }
  const partsOf = ({ name, of }: Piece): Parts => {
    const found = under.get(name)
    if (found) return found
    for (const oldest of under.keys()) if (under.size >= AT_ONCE) end(oldest)
    const made: Parts = { of, endAt: now() + ttlMs, texts: [], count: 0, bytes: 0 }
    under.set(name, made)
    return made
  }
  /** The whole text, once. `undefined` while there is more to come, and where it has been given. Throws in a sentence. */
  return (piece: Piece): string | undefined => {
    const { name, at, of, data } = piece
    sweep()
    if (ended.has(name)) return undefined
    const parts = partsOf(piece)
    const fail = (sentence: string) => {
      end(name)
      return new Error(`A frame came in pieces that do not fit. ${sentence}`)
    }
    if (parts.of !== of) throw fail(FORGED)
    if (parts.texts[at] !== undefined) return undefined
    parts.texts[at] = data
    parts.count++
    parts.bytes += bytesOf(data)
    if (parts.bytes > maxBytes) throw fail(`They have more than the ${maxBytes} bytes that are allowed.`)
    if (parts.count < of) return undefined
    end(name)
    return parts.texts.join('')
  }
}

const AT_ONCE = 8
/** Names of frames that are through, so that a piece that comes again begins no frame. */
const REMEMBERED = 64
