import { ResourceExhaustedError } from '../errors.ts'
import { plainJson } from '../publish/text.ts'
import type { Blobs, StorePorts } from '../store/store.ts'
import type { Said } from './job.ts'

/** Where a store keeps texts for a while. Throws a TypeError, in a sentence, for a store that cannot. */
export const blobsOf = ({ blobs }: StorePorts): Blobs => {
  if (blobs) return blobs
  throw new TypeError(
    'ws({ fanout }) needs a store that keeps texts for a while: memory(), dynamodb() and redis() do; give one of your own `blobs`.',
  )
}

/** Under which key it is kept that a job is done. By all that it says: of equal jobs one is enough. */
export const markOf = (id: string, text: string): string =>
  `${id}/${process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('base64url').slice(0, DIGITS)}`

/** 96 bits: far more than it takes to tell the jobs of one broadcast from each other. */
const DIGITS = 16

/**
 * What a broadcast says, as its plan keeps it: in each job, or once for all of them, where it is large or there are many
 * jobs of it at once.
 */
export const keepFrame = async (
  blobs: Blobs,
  id: string,
  frame: string,
  seconds: number,
  jobs: number,
): Promise<Pick<Said, 'frame'>> => {
  // Inside of a job it is JSON once more, whose quotes take a byte more each.
  const bytes = Buffer.byteLength(plainJson(frame))
  if (bytes <= MAX_INLINE_BYTES && bytes * jobs <= MAX_BYTES_AT_ONCE) return { frame }
  const whole = Buffer.byteLength(frame)
  if (whole > MAX_KEPT_BYTES)
    throw new ResourceExhaustedError(
      `The frame takes ${whole} bytes; a broadcast that a queue carries out has ${MAX_KEPT_BYTES} at most.`,
      { details: { bytes: whole, maxBytes: MAX_KEPT_BYTES } },
    )
  await blobs.put(id, frame, seconds)
  return {}
}

/** With 500 ids beside it, and what its own quotes take, well below the 256 KiB that SQS carries everywhere. */
const MAX_INLINE_BYTES = 100 * 1024

/** What `blobs.put` of every store takes. Frames above 128 KB are those of `chunk()`. */
const MAX_KEPT_BYTES = 256 * 1024

/** All jobs of a plan are in memory together, and a function may have 128 MB. */
const MAX_BYTES_AT_ONCE = 4 * 1024 * 1024

/** Read it back. The last one stays at hand: of one broadcast a worker does many jobs, one after the other. */
export const readFrames = () => {
  let last: { readonly id: string; readonly frame: Promise<string> } | undefined
  return async (blobs: Blobs, { id, frame }: Said): Promise<string> => {
    if (frame !== undefined) return frame
    if (last?.id !== id) last = { id, frame: readFrame(blobs, id) }
    const { frame: reading } = last
    try {
      return await reading
    } catch (error) {
      if (last?.frame === reading) last = undefined
      throw error
    }
  }
}

const readFrame = async (blobs: Blobs, id: string) => {
  const frame = await blobs.get(id)
  if (frame === undefined) throw new Error(`What the broadcast '${id}' says is no longer kept.`)
  return frame
}
