import type { IncomingMessage } from 'node:http'
import { STATUS_CODES, validateHeaderValue } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { connectEvent, disconnectEvent } from '../event/make.ts'
import { openConnection, type Who } from './connection.ts'
import type { Gate } from './gate.ts'
import { listen } from './listen.ts'
import { CLOSES, ERROR_FRAMES, HANDSHAKE, LIMITS } from './rules.ts'
import { headersOf, split, whoAsks } from './who.ts'

/**
 * Answer an upgrade: ask `$connect` first, then open the connection or refuse with the status that it returned.
 */
export const handshake = (gate: Gate, request: IncomingMessage, socket: Duplex, head: Buffer): void => {
  // A client that vanishes while it waits is no fault of the gateway.
  socket.on('error', () => socket.destroy())
  if (gate.isStopping()) refuse(socket, 503)
  else if (lengthOf(request) > LIMITS.urlCharacters.value) refuse(socket, HANDSHAKE.urlTooLong.value)
  else if (split(request).path.replace(/\/$/, '') === `/${gate.settings.stage}`) knock(gate, request, socket, head)
  else refuse(socket, HANDSHAKE.unknownPath.value, ERROR_FRAMES.noRoute.value)
}

const lengthOf = ({ headers: { host = '' }, url = '' }: IncomingMessage) => `ws://${host}${url}`.length

const knock = (gate: Gate, request: IncomingMessage, socket: Duplex, head: Buffer) => {
  const who = whoAsks(request, gate.settings)
  let isOpen = false
  let subprotocol: string | undefined
  const door = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: HANDSHAKE.compression.value,
    maxPayload: LIMITS.messageBytes.value,
    // Without this `ws` picks the first protocol that the client offers. API Gateway picks none.
    handleProtocols: () => false,
    verifyClient: (_, admit) => {
      const asked = ask(gate, who, request).then((verdict) => {
        if (verdict.isAdmitted) {
          subprotocol = verdict.subprotocol
          admit(true)
          // The client left while `$connect` ran, which said yes to it: `$disconnect` cleans up after it.
          if (!isOpen) farewell(gate, who, ...CLOSES.lost.value)
        } else refuse(socket, verdict.status, verdict.message)
      })
      gate.tasks.add(asked.catch(() => refuse(socket, 500)))
    },
  })
  door.on('headers', (headers) => {
    if (subprotocol !== undefined) headers.push(`Sec-WebSocket-Protocol: ${subprotocol}`)
  })
  door.handleUpgrade(request, socket, head, (peer) => {
    isOpen = true
    const connection = openConnection(who, peer, gate.settings, (code, reason) => farewell(gate, who, code, reason))
    gate.connections.set(who.connectionId, connection)
    listen(gate, connection, peer, request.socket)
    if (gate.isStopping()) connection.end(CLOSES.stopped)
  })
}

type Verdict =
  | { readonly isAdmitted: true; readonly subprotocol: string | undefined }
  | { readonly isAdmitted: false; readonly status: number; readonly message?: string }

const ask = async ({ settings, invoke }: Gate, who: Who, request: IncomingMessage): Promise<Verdict> => {
  if (!settings.routes.includes('$connect')) return { isAdmitted: true, subprotocol: undefined }
  const { query } = split(request)
  const result = await invoke(connectEvent({ ...who, now: settings.clock.now(), headers: headersOf(request), query }))
  if (result.outcome === 'timeout')
    return { isAdmitted: false, status: HANDSHAKE.timeout.value, message: ERROR_FRAMES.timeout.value }
  if (result.outcome !== 'answered' || !isHeader(result.answer.subprotocol))
    return { isAdmitted: false, status: HANDSHAKE.broken.value, message: ERROR_FRAMES.broken.value }
  const { status, subprotocol } = result.answer
  return status < 300 ? { isAdmitted: true, subprotocol } : { isAdmitted: false, status }
}

// A line break in a returned header would let a handler write the rest of the answer.
const isHeader = (value = '') => {
  try {
    validateHeaderValue('Sec-WebSocket-Protocol', value)
    return true
  } catch {
    return false
  }
}

/** The connection is over: nobody can post to it, and `$disconnect` runs, whose answer reaches nobody. */
const farewell = ({ settings, connections, invoke, tasks }: Gate, who: Who, code: number, reason: string) => {
  connections.delete(who.connectionId)
  if (!settings.routes.includes('$disconnect')) return
  tasks.add(invoke(disconnectEvent({ ...who, now: settings.clock.now(), code, reason: reason || reasonOf(code) })))
}

const reasonOf = (code: number) => (code === 1005 ? 'Client-side close frame status not set' : '')

const refuse = (socket: Duplex, status: number, message?: string) => {
  const body = message === undefined ? '' : JSON.stringify({ message })
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.once('finish', () => socket.destroy())
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`)
}
