import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Connection } from './connection.ts'
import { type Fault, frameReader } from './frames.ts'
import type { Gate } from './gate.ts'
import { message } from './message.ts'
import { CLOSES, LIMITS } from './rules.ts'

/** Hear what a client sends. Messages are handed on as they come and never wait for one another. */
export const listen = (gate: Gate, connection: Connection, peer: WebSocket, socket: Socket): void => {
  const frames = frameReader({ frameBytes: LIMITS.frameBytes.value, messageBytes: LIMITS.messageBytes.value })
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
  peer.on('close', (code, reason) => connection.left(code, reason.toString()))
  // `ws` has already answered the breach with a close frame, and its own close event would say 1006.
  peer.on('error', (error) => connection.left(breachOf(error), ''))
  gate.tasks.add(untilClosed(peer), `the client of ${connection.who.connectionId} to answer the close`)
}

const untilClosed = (peer: WebSocket) => new Promise<void>((resolve) => peer.once('close', () => resolve()))

/** RFC 6455, section 7.4.1. */
const breachOf = (error: Error) => {
  const code = 'code' in error ? error.code : undefined
  if (code === 'WS_ERR_INVALID_UTF8') return 1007
  if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS') return 1008
  return code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' || code === 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH' ? 1009 : 1002
}
