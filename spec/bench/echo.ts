import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { localGateway } from 'ws-interlock/local'
import { median } from './measure.ts'

/** A server in this process: bare `ws`, or the local gateway with a handler that returns what it is given. */
export const serve = async (kind: 'bare' | 'gateway'): Promise<string> => {
  if (kind === 'gateway') {
    const handler = async ({ body }: { readonly body?: string }) => ({ statusCode: 200, ...(body && { body }) })
    return (await localGateway(handler as never, { routeResponse: true })).url
  }
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  server.on('connection', (peer) => peer.on('message', (data) => peer.send(data.toString())))
  await new Promise((resolve) => server.once('listening', resolve))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const opened = (url: string) =>
  new Promise<WebSocket>((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })

const MESSAGE = JSON.stringify({ action: 'echo', id: 'a1b2c3', data: { text: 'x'.repeat(60) } })

/** Messages per second of each server: a hundred connections, each of which has one message under way. Rounds take turns. */
export const echoes = async (urls: readonly string[], { rounds = 9, ms = 400, count = 100 } = {}) => {
  const groups = await Promise.all(urls.map((url) => Promise.all(Array.from({ length: count }, () => opened(url)))))
  const round = (sockets: readonly WebSocket[]) =>
    new Promise<number>((resolve) => {
      let messages = 0
      let under = 0
      let isOver = false
      const startedAt = performance.now()
      setTimeout(() => {
        isOver = true
      }, ms)
      for (const socket of sockets) {
        socket.removeAllListeners('message')
        socket.on('message', () => {
          messages++
          if (!isOver) return socket.send(MESSAGE)
          under--
          if (under === 0) resolve((messages * 1_000) / (performance.now() - startedAt))
        })
        under++
        socket.send(MESSAGE)
      }
    })
  for (const sockets of groups) await round(sockets)
  const rates = groups.map((): number[] => [])
  for (let turn = 0; turn < rounds; turn++)
    for (const [index, sockets] of groups.entries()) rates[index]?.push(await round(sockets))
  for (const socket of groups.flat()) socket.terminate()
  const [bare = [], ours = []] = rates
  return {
    bare: median(bare),
    ours: median(ours),
    ratio: median(ours.map((rate, turn) => rate / (bare[turn] ?? rate))),
  }
}

/** Open so many connections and leave them alone. */
export const idlers = async (url: string, count: number): Promise<void> => {
  for (let at = 0; at < count; at += 200)
    await Promise.all(Array.from({ length: Math.min(200, count - at) }, () => opened(url)))
}
