/** What the bytes of a client are found to hold, before they are understood. */
export interface FrameReader {
  /** Look at bytes as they arrive. */
  readonly read: (chunk: Buffer) => void
  /** How many messages began before the first fault. */
  readonly allowed: () => number
  readonly fault: () => Fault | undefined
}

export type Fault = 'binary' | 'tooBig'

/**
 * Read the headers of the frames (RFC 6455, section 5.2) off the raw bytes.
 *
 * The `ws` package limits whole messages and hides frames, and API Gateway limits both.
 */
export const frameReader = (limits: FrameLimits): FrameReader => {
  let unread: Buffer = Buffer.alloc(0)
  let payloadLeft = 0
  let messageBytes = 0
  let messageFrames = 0
  let allowed = 0
  let fault: Fault | undefined

  const judge = ({ isFinal, opcode, length }: Header): Fault | undefined => {
    if (opcode >= CONTROL) return undefined
    if (opcode === BINARY) return 'binary'
    messageBytes += length
    messageFrames++
    if (length > limits.frameBytes || messageBytes > limits.messageBytes || messageFrames > limits.messageFrames)
      return 'tooBig'
    if (isFinal) {
      messageBytes = 0
      messageFrames = 0
      allowed++
    }
    return undefined
  }

  return {
    read: (chunk) => {
      if (fault) return
      let bytes = unread.length > 0 ? Buffer.concat([unread, chunk]) : chunk
      while (!fault) {
        const skipped = Math.min(payloadLeft, bytes.length)
        payloadLeft -= skipped
        bytes = bytes.subarray(skipped)
        const header = payloadLeft === 0 ? readHeader(bytes) : undefined
        if (!header) break
        bytes = bytes.subarray(header.size)
        payloadLeft = header.length
        fault = judge(header)
      }
      unread = bytes
    },
    allowed: () => allowed,
    fault: () => fault,
  }
}

export interface FrameLimits {
  readonly frameBytes: number
  readonly messageBytes: number
  readonly messageFrames: number
}

interface Header {
  readonly isFinal: boolean
  readonly opcode: number
  /** Bytes of payload. */
  readonly length: number
  /** Bytes of the header itself. */
  readonly size: number
}

const BINARY = 0x2
const CONTROL = 0x8

const readHeader = (bytes: Buffer): Header | undefined => {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return undefined
  const short = second & 0x7f
  const extended = short === 127 ? 8 : short === 126 ? 2 : 0
  const size = 2 + extended + (second & 0x80 ? 4 : 0)
  if (bytes.length < size) return undefined
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short
  return { isFinal: (first & 0x80) !== 0, opcode: first & 0x0f, length, size }
}
