import type { Store } from 'ws-interlock'
import { lambdaWith, peer, stoppedClock, wire } from '../../kit/wire.ts'
import { application, hallOf, roomOf } from './app.ts'

/** What a message came to: `OK`, the code of an error, or `gone`. */
export interface Told {
  readonly code: string
  readonly retryAfterMs: number | undefined
  /** Its handler has run. */
  readonly ran: boolean
}

/** A function on the same store, at a time of one's choice, that nobody kills. */
export const lambda = (store: Store, connectionId: string, atMs: number) => {
  const net = wire()
  const ran: string[] = []
  const app = application({ store, gateway: net.gateway, clock: stoppedClock(atMs), begins: (name) => ran.push(name) })
  const { connect, send, disconnect } = peer(app, net, connectionId)
  return {
    connect: async () => (await connect()).statusCode,
    say: async (action: string, id: string): Promise<Told> => {
      const before = ran.length
      // With no more than this it does not wait for others, so that the time stays as it is.
      const { frames } = await send({ action, id }, {}, lambdaWith(ANSWER_MS))
      return { ...toldIn(frames, id), ran: ran.length > before }
    },
    /** Resolves with whether its handler has run. */
    disconnect: async () => {
      await disconnect()
      return ran.includes('disconnect')
    },
    /** Somebody sends to a channel, and finds that this connection is gone. */
    meetNobody: async (channel: string) => {
      net.cut(connectionId)
      await app.server.channel(channel).broadcast('said', 'hello')
    },
  }
}

const ANSWER_MS = 1_500

interface Frame {
  readonly id?: string
  readonly error?: { readonly code: string; readonly retryAfterMs?: number }
}

const toldIn = (frames: readonly unknown[], id: string): Omit<Told, 'ran'> => {
  if (frames.length === 1 && frames[0] === '$closed') return { code: 'gone', retryAfterMs: undefined }
  const answers = frames.filter((frame) => Object(frame).id === id) as Frame[]
  const [answer] = answers
  if (!answer || answers.length > 1) throw new Error(`'${id}' was answered by ${JSON.stringify(frames)}.`)
  return { code: answer.error?.code ?? 'OK', retryAfterMs: answer.error?.retryAfterMs }
}

/** What is stored of a connection. Looked at until it stays the same: a write may be on its way. */
export const look = async (store: Store, connectionId: string): Promise<Look> => {
  for (let before = await glance(store, connectionId); ; ) {
    const now = await glance(store, connectionId)
    if (JSON.stringify(now) === JSON.stringify(before)) return now
    before = now
  }
}

const glance = async ({ records, memberships }: Store, connectionId: string) => ({
  record: await records.read(connectionId),
  channels: await memberships.channels(connectionId),
  inHall: await memberships.has(connectionId, hallOf(connectionId)),
  inRoom: await memberships.has(connectionId, roomOf(connectionId)),
})

export type Look = Awaited<ReturnType<typeof glance>>
