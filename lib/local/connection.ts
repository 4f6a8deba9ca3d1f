import type { WebSocket } from 'ws'
import type { Peer } from '../event/make.ts'
import type { Settings } from './options.ts'
import { CLOSES, type Close, LIMITS } from './rules.ts'

/** Who is connected: what all events of one connection share. */
export type Who = Peer & { readonly connectionId: string; readonly connectedAt: number; readonly sourceIp: string }

/** An open connection, as the gateway sees it. */
export interface Connection {
  readonly who: Who
  readonly lastActiveAt: () => number
  readonly isOpen: () => boolean
  /** A message came or went: the idle time begins anew. */
  readonly touch: () => void
  /** Send a text message; `false` when the connection is gone. */
  readonly send: (text: string) => boolean
  /** Close it from this side. */
  readonly end: (close: Close) => void
  /** It was closed from the other side. */
  readonly left: (code: number, reason: string) => void
}

/** Watch over a socket until it closes; `farewell` is called once, with the code and reason for `$disconnect`. */
export const openConnection = (
  who: Who,
  socket: WebSocket,
  { clock, idleMs, maxAgeMs }: Settings,
  farewell: (code: number, reason: string) => void,
): Connection => {
  let lastActiveAt = clock.now()
  let isGone = false

  const left = (code: number, reason: string) => {
    if (isGone) return
    isGone = true
    clock.clearTimeout(idle)
    clock.clearTimeout(age)
    farewell(code, reason)
  }
  const end = ({ value: [code, reason] }: Close) => {
    socket.close(code, reason)
    left(code, reason)
  }
  // One timer that finds how long it still has to wait: messages only note the time.
  const watch = (ms: number): unknown =>
    clock.setTimeout(() => {
      const leftMs = lastActiveAt + idleMs - clock.now()
      if (leftMs > 0) idle = watch(leftMs)
      else end(CLOSES.idle)
    }, ms)
  let idle = watch(idleMs)
  const age = clock.setTimeout(() => end(CLOSES.maxAge), Math.max(0, who.connectedAt + maxAgeMs - clock.now()))

  const touch = () => {
    lastActiveAt = clock.now()
  }
  const isOpen = () => !isGone && socket.readyState === socket.OPEN
  return {
    who,
    lastActiveAt: () => lastActiveAt,
    isOpen,
    touch,
    send: (text) => {
      if (!isOpen()) return false
      touch()
      sendFrames(socket, Buffer.from(text))
      return true
    },
    end,
    left,
  }
}

// The frame quota "applies to @connections commands" while bodies up to 128 KB are taken: so the gateway must split them.
const sendFrames = (socket: WebSocket, bytes: Buffer) => {
  const size = LIMITS.frameBytes.value
  for (let at = 0; at === 0 || at < bytes.length; at += size)
    socket.send(bytes.subarray(at, at + size), { binary: false, fin: at + size >= bytes.length })
}
