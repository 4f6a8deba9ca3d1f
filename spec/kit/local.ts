import { once } from 'node:events'
import { request } from 'node:http'
import { connect as dial, type Socket } from 'node:net'
import { type ClientOptions, WebSocket } from 'ws'
import type { WebSocketEvent } from '../../lib/event/event.ts'
import { type LambdaContext, type LocalGateway, type LocalOptions, localGateway } from '../../lib/local/index.ts'

type Answering = (event: WebSocketEvent, context: LambdaContext) => unknown

const open = new Set<LocalGateway>()

/** A gateway on a free port, closed by `closeAll`, and every event that its handler was given. */
export const local = async (handler: Answering = ok, options: LocalOptions = {}) => {
  const events = queue<WebSocketEvent>()
  const gateway = await localGateway(async (event: WebSocketEvent, context: LambdaContext) => {
    events.push(event)
    return handler(event, context)
  }, options)
  open.add(gateway)
  /** The next event of a kind; other events before it are passed over. */
  const next = async (eventType: WebSocketEvent['requestContext']['eventType']) => {
    for (;;) {
      const event = await events.next()
      if (event.requestContext.eventType === eventType) return event
    }
  }
  return { ...gateway, next, events: events.all }
}

/** For `suite.after.each`. */
export const closeAll = async () => {
  await Promise.all([...open].map((gateway) => gateway.close()))
  open.clear()
}

export const ok = async () => ({ statusCode: 200 })

/** A handler that answers by the event's type, and 200 where nothing is said. */
export const on =
  (answers: Partial<Record<WebSocketEvent['requestContext']['eventType'], Answering>>): Answering =>
  (event, context) =>
    (answers[event.requestContext.eventType] ?? ok)(event, context)

/** A WebSocket client that is connected. */
export const connect = async (url: string, protocols: readonly string[] = [], options: ClientOptions = {}) => {
  const socket = new WebSocket(url, [...protocols], options)
  const messages = queue<{ readonly text: string; readonly isBinary: boolean }>()
  socket.on('message', (data, isBinary) => messages.push({ text: data.toString(), isBinary }))
  const closed = new Promise<{ readonly code: number; readonly reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  await once(socket, 'open')
  socket.on('error', () => {})
  return {
    socket,
    closed,
    send: (body: unknown) => socket.send(typeof body === 'string' ? body : JSON.stringify(body)),
    next: async () => (await messages.next()).text,
    nextFrame: messages.next,
    received: messages.all,
  }
}

const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

/** Knock by hand: the status and headers of the answer, and the socket where the gateway upgrades. */
export const knock = (url: string, headers: Record<string, string> = {}) =>
  new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string; socket?: Socket }>(
    (resolve, reject) => {
      const asked = request(url.replace(/^ws/, 'http'), { headers: { ...HANDSHAKE, ...headers }, agent: false })
      asked.on('upgrade', (answer, socket) =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: '', socket }),
      )
      asked.on('response', async (answer) => {
        let body = ''
        for await (const chunk of answer) body += chunk
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body })
      })
      asked.on('error', reject)
      asked.end()
    },
  )

/** Knock and do not wait: the bare socket, for a client that vanishes. */
export const knockAndLeave = (url: string): Socket => {
  const { hostname, port, pathname, host } = new URL(url)
  const socket = dial(Number(port), hostname)
  const lines = Object.entries({ Host: host, ...HANDSHAKE }).map(([name, value]) => `${name}: ${value}`)
  socket.on('error', () => {})
  socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  return socket
}

/** A client's frame as bytes. The mask is zero, so the payload stays legible. */
export const frame = (payload: string | Buffer, { opcode = 1, fin = true } = {}) => {
  const body = Buffer.from(payload)
  const length =
    body.length < 126 ? Buffer.from([0x80 | body.length]) : Buffer.from([0x80 | 127, ...bytes8(body.length)])
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode]), length, Buffer.alloc(4), body])
}

const bytes8 = (length: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(length))
  return bytes
}

/** Time that passes when it is told to. */
export const fakeClock = (startsAt = 1_700_000_000_000) => {
  let now = startsAt
  let last = 0
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>()
  return {
    now: () => now,
    setTimeout: (run: () => void, ms: number) => {
      timers.set(++last, { at: now + ms, run })
      return last
    },
    clearTimeout: (timer: unknown) => {
      timers.delete(Number(timer))
    },
    advance: (ms: number) => {
      const end = now + ms
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0]
        if (!due) break
        timers.delete(due[0])
        now = due[1].at
        due[1].run()
      }
      now = end
    },
  }
}

/** A promise that is settled from outside. */
export const signal = <Value = void>() => {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

const queue = <Item>() => {
  const all: Item[] = []
  const waiting: ((item: Item) => void)[] = []
  let taken = 0
  return {
    all: all as readonly Item[],
    push: (item: Item) => {
      all.push(item)
      const first = waiting.shift()
      if (first) {
        taken++
        first(item)
      }
    },
    next: () => {
      const item = all[taken]
      if (item !== undefined) {
        taken++
        return Promise.resolve(item)
      }
      return new Promise<Item>((resolve) => waiting.push(resolve))
    },
  }
}
