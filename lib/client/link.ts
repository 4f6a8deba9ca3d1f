import type { ClientCodec, Incoming, Outgoing } from './codec.ts'
import { unanswered } from './errors.ts'
import type { ClientClock, SocketClass } from './options.ts'

/** One socket, seen as a line of messages. */
export interface Link {
  /** When something last came, in epoch milliseconds: what goes may go nowhere. */
  activeAt: number
  /** `failed` is told where the message could not be written, and then nothing has left. */
  readonly send: (message: Outgoing, failed: (error: unknown) => void) => void
  /** Be through with it at once, whether or not the other side answers. */
  readonly drop: (reason?: string) => void
}

export interface Wiring {
  readonly WebSocket: SocketClass
  readonly codec: ClientCodec
  readonly clock: ClientClock
  readonly openMs: number
}

/** What is heard of a link. */
export interface Ear {
  readonly opened: () => void
  readonly came: (frame: Incoming) => void
  /** Once, whoever closed it. */
  readonly closed: (reason: string) => void
  readonly problem: (error: unknown) => void
}

export const makeLink = (url: string, protocols: string[], wiring: Wiring, ear: Ear): Link => {
  const { WebSocket, codec, clock, openMs } = wiring
  const socket = new WebSocket(url, protocols)
  const reading = inOrder()
  const writing = inOrder()
  let isOver = false
  let wasOpen = false
  const end = (reason: string) => {
    if (isOver) return
    isOver = true
    clock.clearTimeout(timer as never)
    ear.closed(reason)
  }
  const link: Link = {
    activeAt: clock.now(),
    send: (message, failed) =>
      writing(
        () => codec.write(message),
        (written) => {
          const texts = [written].flat()
          const [count] = texts.map(bytesOf).filter((bytes) => bytes > MAX_FRAME_BYTES)
          if (count) void unanswered('TOO_LARGE', { name: message.action, count, limit: MAX_FRAME_BYTES }).then(failed)
          else if (!isOver) for (const text of texts) socket.send(text)
        },
        failed,
      ),
    drop: (reason = 'Closed here.') => {
      end(reason)
      // A socket that is dead says nothing for half a minute; nobody waits for it.
      socket.close(1000)
    },
  }
  const timer = clock.setTimeout(() => link.drop('It did not open in time.'), openMs)
  socket.onopen = () => {
    clock.clearTimeout(timer as never)
    wasOpen = true
    if (!isOver) ear.opened()
  }
  socket.onmessage = ({ data }) => {
    link.activeAt = clock.now()
    reading(
      () => codec.read(`${data}`),
      (frame) => {
        if (frame && !isOver) ear.came(frame)
      },
      ear.problem,
    )
  }
  // A socket that fails says why to nobody in a browser. One that never was open tells no close on Node 22 (undici#3546).
  socket.onerror = () => {
    if (!wasOpen) end('It could not be opened.')
  }
  // After what came before it has been read.
  socket.onclose = ({ code, reason }) =>
    reading(
      () => end(`It was closed with ${code}. ${reason}`),
      () => {},
      ear.problem,
    )
  return link
}

/** Do one thing after the other, also where one of them takes its time. What is at hand is done at once. */
const inOrder = () => {
  let last: Promise<unknown> | undefined
  return <Made>(make: () => Made | Promise<Made>, use: (made: Made) => void, failed: (error: unknown) => void) => {
    try {
      const made = last ? last.then(make) : make()
      if (made instanceof Promise) last = made.then(use).catch(failed)
      else use(made)
    } catch (error) {
      failed(error)
    }
  }
}

// A character takes at most three bytes in UTF-8, so most frames need no count.
const bytesOf = (text: string) => (text.length * 3 <= MAX_FRAME_BYTES ? 0 : new TextEncoder().encode(text).length)

/** A larger frame would cost the connection: API Gateway closes it with 1009 (WebSocket API quotas, "Frame size"). */
const MAX_FRAME_BYTES = 32_768
