import type { Delivery, Gateway } from 'ws-interlock'
import {
  connectEvent,
  disconnectEvent,
  type Farewell,
  type Frame,
  type Handshake,
  makeId,
  messageEvent,
} from 'ws-interlock/testing'

/** What an application is to its gateway. */
type Handler = (event: never, context: never) => Promise<{ readonly statusCode: number; readonly body?: string }>

/** A gateway in this process: it keeps what is sent to each connection, and knows who is there. */
export interface Wire {
  readonly gateway: Gateway
  /** Take what was sent to a connection since the last look, parsed. `$closed` stands where it was closed. */
  readonly taken: (connectionId: string) => unknown[]
  /** From now on the connection is gone: posts meet a 410. */
  readonly cut: (connectionId: string) => void
  /** How often anything was posted. */
  readonly posts: () => number
}

export const wire = (): Wire => {
  const sent = new Map<string, unknown[]>()
  const gone = new Set<string>()
  let posts = 0
  const keep = (connectionId: string, frame: unknown): Delivery => {
    posts++
    if (gone.has(connectionId)) return { outcome: 'gone' }
    sent.set(connectionId, [...(sent.get(connectionId) ?? []), frame])
    return { outcome: 'delivered' }
  }
  return {
    gateway: {
      post: async (connectionId, body) => keep(connectionId, JSON.parse(body)),
      close: async (connectionId) => {
        const delivery = keep(connectionId, '$closed')
        gone.add(connectionId)
        return delivery
      },
      info: async () => undefined,
    },
    taken: (connectionId) => {
      const frames = sent.get(connectionId) ?? []
      sent.delete(connectionId)
      return frames
    },
    cut: (connectionId) => gone.add(connectionId),
    posts: () => posts,
  }
}

/** One peer of an application, driven by events as AWS sends them. */
export const peer = (app: Handler, { taken }: Wire, connectionId = makeId()) => {
  const handler = app as (
    event: unknown,
    context: unknown,
  ) => Promise<{ readonly statusCode: number; readonly body?: string }>
  return {
    connectionId,
    taken: () => taken(connectionId),
    connect: (handshake: Handshake = {}, context?: unknown) =>
      handler(connectEvent({ connectionId, ...handshake }), context),
    /** The status, and the frames that the peer has got meanwhile. */
    send: async (body: unknown, frame: Frame = {}, context?: unknown) => {
      const { statusCode } = await handler(messageEvent({ connectionId, body, ...frame }), context)
      return { statusCode, frames: taken(connectionId) }
    },
    disconnect: (farewell: Farewell = {}, context?: unknown) =>
      handler(disconnectEvent({ connectionId, ...farewell }), context),
  }
}

/** Something that waits until it is opened: for handlers that are to be caught in the middle. */
export const latch = () => {
  let open = () => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open: () => open() }
}
