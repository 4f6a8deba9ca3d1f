import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { admit, type Knock } from './admit.ts'
import { enter, farewell } from './enter.ts'
import type { Gate } from './gate.ts'
import { lineOf, listen } from './listen.ts'
import { CLOSES, ERROR_FRAMES, HANDSHAKE, LIMITS } from './rules.ts'
import { headersOf, placeOf, split, whoAsks } from './who.ts'

/** A client that says farewell and keeps its socket would hold up `$disconnect` for half a minute. Not in the types of `ws`. */
const HASTE = { closeTimeout: 2_000 }

/** Answers upgrades: `$connect` is asked first, and then the connection is opened, or refused with its status. */
export type Door = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export const makeDoor = (gate: Gate): Door => {
  const { settings, tasks } = gate
  const visits = new WeakMap<IncomingMessage, Visit>()
  const door = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    ...HASTE,
    perMessageDeflate: HANDSHAKE.compression.value,
    maxPayload: LIMITS.messageBytes.value,
    // The frames are counted before it sees them.
    maxFragments: 0,
    // Without this `ws` picks the first protocol that the client offers. API Gateway picks none.
    handleProtocols: () => false,
    // Called for what is a proper upgrade: a malformed one reaches nobody.
    verifyClient: ({ req }, open) => {
      const visit = visits.get(req)
      if (visit) tasks.add(receive(gate, visit, open).catch(() => refuse(visit.socket, 500)))
    },
  })
  door.on('headers', (headers, request) => {
    const { subprotocol } = visits.get(request) ?? {}
    if (subprotocol !== undefined) headers.push(`Sec-WebSocket-Protocol: ${subprotocol}`)
  })
  return (request, socket, head) => {
    outlive(socket)
    const place = placeOf(request, settings)
    if (gate.isStopping()) refuse(socket, 503)
    else if (!isOfToday(request)) refuse(socket, HANDSHAKE.malformed.value)
    else if (lengthOf(request) > LIMITS.urlCharacters.value) refuse(socket, HANDSHAKE.urlTooLong.value)
    else if (place?.rest !== '') refuse(socket, HANDSHAKE.unknownPath.value, ERROR_FRAMES.noRoute.value)
    else {
      const { query } = split(request)
      const knock = { who: whoAsks(request, place, settings), headers: headersOf(request), query }
      const visit: Visit = { knock, socket, who: knock.who, subprotocol: undefined, isOpen: false }
      visits.set(request, visit)
      door.handleUpgrade(request, socket, head, (peer) => {
        visit.isOpen = true
        const connection = enter(gate, visit.who, query, lineOf(peer))
        listen(gate, connection, peer, request.socket)
        if (gate.isStopping()) connection.end(CLOSES.stopped)
      })
    }
  }
}

// A client that vanishes is no fault of the gateway. Apart, since a listener keeps all of its scope as long as the
// connection lasts: the request, with its headers.
const outlive = (socket: Duplex) => socket.on('error', () => socket.destroy())

interface Visit {
  readonly knock: Knock
  readonly socket: Duplex
  /** With what the authorizer said of them. */
  who: Knock['who']
  subprotocol: string | undefined
  isOpen: boolean
}

/**
 * RFC 6455, section 4.2.1: HTTP/1.1 or higher, a Host, and version 13. `ws` takes the 8 of a draft as well; any other
 * version, and what else is malformed, it refuses itself.
 */
const isOfToday = ({ httpVersion, headers }: IncomingMessage) =>
  httpVersion !== '1.0' && headers.host !== undefined && headers['sec-websocket-version'] !== '8'

const lengthOf = ({ headers: { host = '' }, url = '' }: IncomingMessage) => `ws://${host}${url}`.length

const receive = async (gate: Gate, visit: Visit, open: (isAdmitted: boolean) => void) => {
  const verdict = await admit(gate, visit.knock)
  if (!verdict.isAdmitted) return refuse(visit.socket, verdict.status, verdict.message)
  visit.who = verdict.who
  visit.subprotocol = verdict.subprotocol
  open(true)
  // The client left while `$connect` ran, which said yes to it: `$disconnect` cleans up after it.
  if (!visit.isOpen) farewell(gate, visit.who, ...CLOSES.lost.value)
}

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
