import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Backlog } from './backlog.ts'

/** The feed as Server-Sent Events. */
export interface Streams {
  readonly open: (request: IncomingMessage, response: ServerResponse) => void
  /** Tell every reader of something that is no event of the feed. */
  readonly tell: (name: string) => void
  readonly close: () => void
}

/** First a snapshot, then every event. A reader that does not keep up is dropped, and its browser asks again. */
export const streams = ({ snapshot, follow }: Backlog): Streams => {
  const open = new Set<ServerResponse>()
  const write = (response: ServerResponse, name: string, json: string) => {
    if (response.writableLength > MAX_WAITING_BYTES) response.destroy()
    else response.write(`event: ${name}\ndata: ${json}\n\n`)
  }
  return {
    open: (request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
      open.add(response)
      write(response, 'snapshot', snapshot())
      const stop = follow((event) => write(response, 'seen', event))
      response.on('close', () => {
        stop()
        open.delete(response)
      })
      // The socket is alive as long as the page is open.
      request.socket.setTimeout(0)
    },
    tell: (name) => {
      for (const response of open) write(response, name, '{}')
    },
    close: () => {
      for (const response of open) response.end()
    },
  }
}

/** What may wait for one reader, in this process: more than the largest snapshot. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024
