import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { within } from './peer.ts'

/** One connection of a server that means no good, from its side. */
export interface Victim {
  /** Which one it is, counted from 0. */
  readonly index: number
  readonly query: URLSearchParams
  /** All that it has said, read as JSON where it is JSON. */
  readonly heard: readonly Said[]
  /** The next thing of this name that nobody has waited for yet, once it is there. */
  readonly hear: (action: string) => Promise<Said>
  /** A text as it is, anything else as JSON. */
  readonly say: (frame: unknown) => void
  /** Bytes, which API Gateway never sends. */
  readonly sayBytes: (bytes: Uint8Array) => void
  readonly close: (code?: number, reason?: string) => void
  /** Cut the TCP connection. */
  readonly kill: () => void
  /** Read nothing more, and answer no close. */
  readonly stall: () => void
  /** Resolves when it is gone, whoever ended it. */
  readonly gone: Promise<void>
}

/** What a client said, as far as it looks like a message. */
export interface Said {
  readonly action: string
  readonly id: string
  readonly dep?: number
  readonly data?: unknown
}

/**
 * What becomes of a handshake: it is let in, with a subprotocol or the first that is offered; refused with a status; cut
 * off; never answered; or answered by what is no HTTP.
 */
export type Door = 'open' | { readonly subprotocol: string | undefined } | number | 'cut' | 'never' | 'garbage'

export interface Script {
  /** Asked for each handshake, with its number from 0. @default 'open' */
  readonly door?: (index: number) => Door | Promise<Door>
  /** Called when one is let in. */
  readonly opened?: (victim: Victim) => void
  /** Called for each thing that it says. @default silence */
  readonly heard?: (victim: Victim, said: Said) => void
}

export interface Hostile {
  /** `ws://127.0.0.1:PORT/` */
  readonly url: string
  /** The connection of this number, once it is let in. */
  readonly victim: (index: number) => Promise<Victim>
  /** How many handshakes there were. */
  readonly knocks: () => number
  /** Resolves when there were so many. */
  readonly untilKnocks: (count: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** Answers a message as the library does. */
export const reply = ({ say }: Victim, { action, id }: Said, data?: unknown) => say({ action, id, data })

/** A WebSocket server that does what a script says, be it against every rule. */
export const hostile = async ({ door = () => 'open', opened, heard = () => {} }: Script = {}): Promise<Hostile> => {
  const news = bell()
  const victims = new Map<number, Victim>()
  const sockets = new Set<Socket>()
  let knocks = 0
  const server = createServer()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  server.on('upgrade', async (request, socket: Socket, head) => {
    const index = knocks++
    news.ring()
    const answer = await door(index)
    if (answer === 'never') return
    if (answer === 'cut') return void socket.resetAndDestroy()
    if (answer === 'garbage') return void socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n')
    if (typeof answer === 'number') return void socket.end(`HTTP/1.1 ${answer} No\r\nContent-Length: 0\r\n\r\n`)
    const doors = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      handleProtocols: (offered) => (answer === 'open' ? [...offered][0] : answer.subprotocol) ?? false,
    })
    doors.handleUpgrade(request, socket, head, (peer) => {
      const { searchParams: query } = new URL(request.url ?? '', 'ws://127.0.0.1')
      const { victim, put } = victimOf(peer, socket, { index, query })
      victims.set(index, victim)
      peer.on('message', (data) => heard(victim, put(data.toString())))
      opened?.(victim)
      news.ring()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}/`,
    victim: (index) => news.until(`connection ${index} of the hostile server`, () => victims.get(index)),
    knocks: () => knocks,
    untilKnocks: async (count) => {
      await news.until(`handshake ${count} at the hostile server`, () => knocks >= count || undefined)
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const victimOf = (peer: WebSocket, socket: Socket, who: Pick<Victim, 'index' | 'query'>) => {
  const heard: Said[] = []
  const taken = new Set<Said>()
  const news = bell()
  peer.on('error', () => {})
  const victim: Victim = {
    ...who,
    heard,
    hear: (action) =>
      news.until(`'${action}' on connection ${who.index} of the hostile server`, () => {
        const found = heard.find((said) => said.action === action && !taken.has(said))
        if (found) taken.add(found)
        return found
      }),
    say: (frame) => peer.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    sayBytes: (bytes) => peer.send(bytes, { binary: true }),
    close: (code, reason) => peer.close(code, reason),
    kill: () => void socket.resetAndDestroy(),
    stall: () => void socket.pause(),
    gone: new Promise((resolve) => peer.once('close', () => resolve())),
  }
  const put = (text: string): Said => {
    const said = readAs(text)
    heard.push(said)
    news.ring()
    return said
  }
  return { victim, put }
}

const readAs = (text: string): Said => {
  try {
    return JSON.parse(text)
  } catch {
    return { action: '', id: '', data: text }
  }
}

/** Wakes whoever waits for something to become true. */
const bell = () => {
  const waiting = new Set<() => void>()
  return {
    ring: () => {
      for (const look of waiting) look()
    },
    until: <Value>(what: string, find: () => Value | undefined): Promise<Value> =>
      within<Value>(
        what,
        (done) => {
          const look = () => {
            const found = find()
            if (found === undefined) return
            waiting.delete(look)
            done(found)
          }
          waiting.add(look)
          look()
        },
        PATIENCE_MS,
      ),
  }
}

/** Far longer than anything takes on one machine. */
const PATIENCE_MS = 15_000
