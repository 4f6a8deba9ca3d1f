import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { WebSocket } from 'ws'
import { connect } from 'ws-interlock/client'
import type { AppLike } from '../../lib/types/app.ts'
import { serve } from './echo.ts'
import { median } from './measure.ts'

/** A request through the client, beside the same by hand. */
export interface Latency {
  /** Microseconds from sending to the answer, one at a time. */
  readonly byHand: number
  readonly client: number
  /** The client's over the one by hand, each of the same round. */
  readonly ratio: number
  /** Requests per second with fifty in flight. */
  readonly byHandPerSecond: number
  readonly clientPerSecond: number
}

/** The server sends back what it is sent, which is an answer: `bare` of ./echo.ts, in a thread of its own. */
export const latency = async ({ rounds = 21, count = 500 } = {}): Promise<Latency> => {
  const worker = new Worker(fileURLToPath(import.meta.url))
  const url = await new Promise<string>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const socket = new WebSocket(url)
  await new Promise((resolve) => socket.once('open', resolve))
  const hand = byHand(socket)
  const client = connect<AppLike>(url, { WebSocket } as never) as unknown as { send: Send; close: () => void }
  const times: { readonly [way in 'hand' | 'client']: { one: number[]; many: number[] } } = {
    hand: { one: [], many: [] },
    client: { one: [], many: [] },
  }
  const ways = [
    ['hand', hand],
    ['client', client.send],
  ] as const
  for (const [, send] of ways) await timed(send, count * 4, IN_FLIGHT)
  for (let round = 0; round < rounds; round++)
    for (const [way, send] of round % 2 ? ways.toReversed() : ways) {
      times[way].one.push(await timed(send, count, 1))
      times[way].many.push(await timed(send, count * 4, IN_FLIGHT))
    }
  client.close()
  socket.terminate()
  await worker.terminate()
  return {
    byHand: median(times.hand.one),
    client: median(times.client.one),
    ratio: median(times.client.one.map((time, round) => time / (times.hand.one[round] ?? time))),
    byHandPerSecond: 1e6 / median(times.hand.many),
    clientPerSecond: 1e6 / median(times.client.many),
  }
}

const IN_FLIGHT = 50

type Send = (name: string, data: unknown) => Promise<unknown>

/** As one would write it: a map by id, and JSON. */
const byHand = (socket: WebSocket): Send => {
  const waiting = new Map<string, (data: unknown) => void>()
  let lastId = 0
  socket.on('message', (text) => {
    const { id, data } = JSON.parse(text.toString())
    waiting.get(id)?.(data)
    waiting.delete(id)
  })
  return (action, data) =>
    new Promise((resolve) => {
      const id = `${++lastId}`
      waiting.set(id, resolve)
      socket.send(JSON.stringify({ action, id, data }))
    })
}

/** Microseconds for each of so many. */
const timed = async (send: Send, count: number, inFlight: number): Promise<number> => {
  const startedAt = performance.now()
  let left = count
  const worker = async () => {
    while (left-- > 0) await send('echo', DATA)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return ((performance.now() - startedAt) * 1_000) / count
}

const DATA = { room: 'lobby', text: 'x'.repeat(60) }

if (!isMainThread) parentPort?.postMessage(await serve('bare'))
