import type { Dictionary } from '../../wire/deflate-frame.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Deflate, by what browsers, Node and workers have. It takes no dictionary. */
export const deflated = (bytes: Bytes): Promise<Uint8Array> =>
  through(new CompressionStream('deflate-raw'), [bytes], Number.POSITIVE_INFINITY, 0)

/**
 * Inflate to `maxBytes` at most. Rejects with a `RangeError` above it, before more is made of it, and with what the
 * stream says where the bytes are no whole deflate-raw.
 */
export const inflated = (bytes: Bytes, maxBytes: number, dictionary?: Dictionary): Promise<Uint8Array> => {
  const stream = new DecompressionStream('deflate-raw')
  if (!dictionary) return through(stream, [bytes], maxBytes, 0)
  // No stream takes a dictionary. But to whoever inflates, it is what came before: so it goes first, as it is.
  return through(stream, [stored(dictionary.bytes), bytes], maxBytes, dictionary.bytes.length)
}

/** A block of deflate with the bytes as they are, behind which more blocks come (RFC 1951, section 3.2.4). */
const stored = (bytes: Uint8Array): Bytes => {
  const { length } = bytes
  const block = new Uint8Array(HEAD + length)
  block.set([0, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff])
  block.set(bytes, HEAD)
  return block
}

const HEAD = 5

interface Stream {
  readonly readable: { readonly getReader: () => Reader }
  readonly writable: { readonly getWriter: () => Writer }
}

interface Reader {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
  readonly cancel: (reason?: unknown) => Promise<void>
}

interface Writer {
  readonly write: (bytes: Bytes) => Promise<void>
  readonly close: () => Promise<void>
}

/** All that comes out of a stream behind the first `skip` bytes. */
const through = async (stream: Stream, given: readonly Bytes[], maxBytes: number, skip: number) => {
  const writer = stream.writable.getWriter()
  // What fails here fails the reader too, which is where it is heard of.
  for (const bytes of given) writer.write(bytes).catch(ignore)
  writer.close().catch(ignore)
  const reader = stream.readable.getReader()
  const parts: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done || !value) break
    length += value.length
    if (length > maxBytes + skip) {
      reader.cancel().catch(ignore)
      throw new RangeError('It is larger than it said.')
    }
    parts.push(value)
  }
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all.subarray(skip)
}

const ignore = () => {}
