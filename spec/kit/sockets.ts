import { WebSocket as WsSocket } from 'ws'
import { localGateway } from 'ws-interlock/local'
import { testGateway } from 'ws-interlock/testing'
import { within } from './peer.ts'

/** What the sockets of all places have in common. */
export interface AnySocket {
  readonly url: string
  readonly protocol: string
  readonly readyState: number
  readonly send: (text: string) => void
  readonly close: (code?: number, reason?: string) => void
  readonly addEventListener: (type: never, listener: (event: never) => void) => void
  readonly removeEventListener: (type: never, listener: (event: never) => void) => void
  onmessage: ((event: never) => void) | null
}

export interface AnyWebSocket {
  new (url: string, protocols?: string | string[]): AnySocket
  readonly CONNECTING: 0
  readonly OPEN: 1
  readonly CLOSING: 2
  readonly CLOSED: 3
}

/** Where sockets can be made, and a handler runs at their other end. */
export interface Place {
  readonly name: string
  /** What it tells last where there never was a connection. */
  readonly tellsLast: 'close' | 'error'
  readonly open: (handler: object) => Promise<{
    readonly url: string
    readonly WebSocket: AnyWebSocket
    readonly close: () => Promise<void>
  }>
}

const overSockets = (name: string, WebSocket: AnyWebSocket, tellsLast: Place['tellsLast'] = 'close'): Place => ({
  name,
  tellsLast,
  open: async (handler) => ({ ...(await localGateway(handler as never)), WebSocket }),
})

/** Node has a WebSocket of its own from 22 on, and that of 22 forgets the `close` after the `error` (nodejs/undici#3546). */
const ofNode = (globalThis as { readonly WebSocket?: unknown }).WebSocket as AnyWebSocket | undefined

export const PLACES: readonly Place[] = [
  {
    name: 'in process',
    tellsLast: 'close',
    open: async (handler) => {
      const { url, WebSocket, close } = testGateway(handler)
      return { url, close, WebSocket: WebSocket as unknown as AnyWebSocket }
    },
  },
  overSockets('ws', WsSocket as unknown as AnyWebSocket),
  ...(ofNode
    ? [overSockets("Node's own", ofNode, Number.parseInt(process.versions.node, 10) < 24 ? 'error' : 'close')]
    : []),
]

export interface Told {
  readonly type: string
  readonly data?: unknown
  readonly code?: number
  readonly reason?: string
  readonly wasClean?: boolean
}

/** All that a socket tells, and a way to wait for what it has not told yet. */
export const diary = (socket: Pick<AnySocket, 'addEventListener'>) => {
  const told: Told[] = []
  const news = new Set<() => void>()
  const note = (one: Told) => {
    told.push(one)
    for (const look of news) look()
  }
  const listen = (type: string, of: (event: Told) => Told) =>
    socket.addEventListener(type as never, (event: never) => note(of(event)))
  listen('open', () => ({ type: 'open' }))
  listen('error', () => ({ type: 'error' }))
  listen('message', ({ data }) => ({ type: 'message', data }))
  listen('close', ({ code = 0, reason = '', wasClean = false }) => ({ type: 'close', code, reason, wasClean }))
  return {
    told: told as readonly Told[],
    /** Resolves with the first of this type. */
    until: (type: Told['type'], count = 1) =>
      within<Told>(`'${type}' of a socket`, (done) => {
        const look = () => {
          const found = told.filter((one) => one.type === type)[count - 1]
          if (!found) return
          news.delete(look)
          done(found)
        }
        news.add(look)
        look()
      }),
  }
}
