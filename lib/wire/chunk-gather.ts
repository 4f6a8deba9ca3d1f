import { InvalidArgumentError, ResourceExhaustedError, UnavailableError } from '../errors.ts'
import { addressed } from './addressed.ts'
import { bytesOf, FORGED, type Piece } from './chunk-piece.ts'
import type { Keeping } from './codec.ts'

interface Where {
  readonly connectionId: string
  readonly blobs: Keeping
  readonly maxBytes: number
  readonly ttlSeconds: number
}

/**
 * Keep a piece where every invocation finds it, and put the text together if it was the last one to come: exactly one
 * invocation gets the text, however many look at the same moment, and the others get nothing.
 *
 * A connection has eight slots, and the pieces of one slot overwrite those of the frame before: so nothing has to be
 * counted, and what never becomes whole ends by itself.
 */
export const gather = async (piece: Piece, where: Where): Promise<string | undefined> => {
  const { name, at, of, id, data } = piece
  const keyOf = (index: number) => `chunk/${where.connectionId}/${piece.slot}/${index}`
  const { blobs, ttlSeconds } = where
  const texts: string[] = []
  texts[at] = data
  await kept(id, blobs.put(keyOf(at), `${name} ${of} ${data}`, ttlSeconds))
  for (const some of inOrder(at, of)) {
    const found = await kept(id, Promise.all(some.map((index) => blobs.get(keyOf(index)))))
    for (const [place, text] of found.entries()) {
      const [its, total, from] = headOf(text)
      if (its !== name) return undefined
      if (total !== of) throw addressed(new InvalidArgumentError(FORGED), id)
      texts[some[place] ?? 0] = text?.slice(from) ?? ''
    }
  }
  // It outlasts each of the pieces, so that none of them is ever handled twice.
  if (!(await kept(id, blobs.claim(`chunk/${where.connectionId}/${name}`, 2 * ttlSeconds)))) return undefined
  return whole(texts.join(''), id, where.maxBytes)
}

/**
 * The others, those first that tell most: the one before, which has come if the peer cuts as it says, and then from the
 * last one down, since that is most likely on its way. A few at a time: reading all would cost much while some are missing.
 */
const inOrder = (at: number, of: number): number[][] => {
  const before = (at + of - 1) % of
  const others = Array.from({ length: of }, (_, index) => of - 1 - index).filter((i) => i !== at && i !== before)
  const rest = others.slice(1)
  return [
    [before, ...others.slice(0, 1)],
    ...Array.from({ length: Math.ceil(rest.length / AT_ONCE) }, (_, i) => rest.slice(i * AT_ONCE, (i + 1) * AT_ONCE)),
  ]
}

const AT_ONCE = 4

/** The name and the total of a piece that was kept, and where its data begins. */
const headOf = (text = ''): readonly [name: string, of: number, from: number] => {
  const first = text.indexOf(' ')
  const second = text.indexOf(' ', first + 1)
  return [text.slice(0, Math.max(first, 0)), Number(text.slice(first + 1, second)), second + 1]
}

const whole = (text: string, id: string | undefined, maxBytes: number): string => {
  const bytes = bytesOf(text)
  if (bytes <= maxBytes) return text
  const sentence = `The message takes ${bytes} bytes; ${maxBytes} are allowed.`
  throw addressed(new ResourceExhaustedError(sentence, { details: { bytes, maxBytes } }), id)
}

/** A store that fails has run nothing of the message. The cause is what makes the owner hear of it. */
const kept = async <Value>(id: string | undefined, work: Promise<Value>): Promise<Value> => {
  try {
    return await work
  } catch (cause) {
    const sentence = 'The store did not answer, and a piece of the message may be lost. Nothing ran.'
    throw addressed(new UnavailableError(sentence, { cause }), id)
  }
}
