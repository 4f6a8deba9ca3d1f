import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Connection, Line } from './connection.ts'
import { type Fault, frameReader } from './frames.ts'
import type { Gate } from './gate.ts'
import { message } from './message.ts'
import { CLOSES, LIMITS } from './rules.ts'
import { FRAMES } from './rules-frames.ts'

/** Hear what a client sends. Messages are handed on as they come and never wait for one another. */
export const listen = (gate: Gate, connection: Connection, peer: WebSocket, socket: Socket): void => {
  const frames = frameReader({
    frameBytes: LIMITS.frameBytes.value,
    messageBytes: LIMITS.messageBytes.value,
    messageFrames: FRAMES.perMessage.value,
  })
  let heard = 0
  // Before `ws` reads the bytes, so that the verdict is there first; and after it, when all good messages are out.
  socket.prependListener('data', frames.read)
  socket.on('data', () => {
    const fault = frames.fault()
    if (fault) connection.end(CLOSES[fault satisfies Fault])
  })
  peer.on('message', (data) => {
    const isGood = heard++ < frames.allowed()
    if (isGood && connection.isOpen()) gate.tasks.add(message(gate, connection, data.toString()).catch(() => {}))
  })
  peer.on('close', (code, reason) =>
    code === CLOSES.lost.value[0] ? connection.lost() : connection.left(code, reason.toString()),
  )
  // `ws` has already answered the breach with a close frame, and its own close event would say 1006.
  peer.on('error', (error) => connection.left(breachOf(error), ''))
  gate.tasks.add(untilClosed(peer), () => `the client of ${connection.who.connectionId} to answer the close`)
}

/** The way to a client over its socket. */
export const lineOf = (peer: WebSocket): Line => ({
  isOpen: () => peer.readyState === peer.OPEN,
  send: (text) => {
    // It would take all memory there is: `ws` keeps what a client does not read.
    if (peer.bufferedAmount > LIMITS.unreadBytes.value) peer.terminate()
    else sendFrames(peer, text)
  },
  close: (code, reason) => peer.close(code, reason),
})

// The frame quota "applies to @connections commands" while bodies up to 128 KB are taken: so the gateway must split them.
const sendFrames = (peer: WebSocket, text: string) => {
  const size = FRAMES.sentBytes.value
  // A character takes at most three bytes in UTF-8.
  if (text.length * 3 <= size) return peer.send(text)
  const bytes = Buffer.from(text)
  for (let at = 0; at === 0 || at < bytes.length; at += size)
    peer.send(bytes.subarray(at, at + size), { binary: false, fin: at + size >= bytes.length })
}

const untilClosed = (peer: WebSocket) => new Promise<void>((resolve) => peer.once('close', () => resolve()))

/** RFC 6455, section 7.4.1. */
const breachOf = (error: Error) => {
  const code = 'code' in error ? error.code : undefined
  if (code === 'WS_ERR_INVALID_UTF8') return FRAMES.notUtf8.value[0]
  return code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' || code === 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'
    ? CLOSES.tooBig.value[0]
    : FRAMES.malformed.value[0]
}
