import { makeId } from '../event/make.ts'
import type { Connection, Line } from '../local/connection.ts'
import { enter, farewell } from '../local/enter.ts'
import type { Gate } from '../local/gate.ts'
import { message } from '../local/message.ts'
import { CLOSES, LIMITS } from '../local/rules.ts'
import { ask, SOURCE_IP } from './ask.ts'
import { addressOf, checkClose, offersOf } from './given.ts'
import type { Pace } from './pace.ts'
import { SocketClose, type SocketEvents, SocketMessage } from './socket-events.ts'
import type { TestSocket, TestWebSocket } from './web-socket.ts'

/** What the sockets of one gateway share. */
export interface Office {
  readonly gate: Gate
  readonly pace: Pace
  readonly random: () => number
  /** Where the gateway is: `ws://test/STAGE`. */
  readonly url: string
  /** Those that are not over yet, in the order of their making. */
  readonly sockets: Set<TestSocket>
}

/** The `WebSocket` of a gateway in process. */
export const webSocketOf = (office: Office): TestWebSocket =>
  class WebSocket extends SocketEnd {
    constructor(url: string | URL, protocols: string | readonly string[] = []) {
      super(office, url, protocols)
    }
  }

const CONNECTING = 0
const OPEN = 1
const CLOSING = 2
const CLOSED = 3

const LOST = CLOSES.lost.value
const NO_CODE = CLOSES.noCode.value[0]
/** So long Chromium waits for the other end to close, too (`kClosingHandshakeTimeoutSeconds` of its sources). */
const CLOSING_MS = 60_000
const REFUSED = { isAdmitted: false } as const

/**
 * The WebSockets Living Standard over a gateway in process. Whatever crosses the line takes a turn of the event loop, in
 * order, and the gateway knows of it until it has arrived.
 */
class SocketEnd extends EventTarget implements TestSocket {
  static readonly CONNECTING = CONNECTING
  static readonly OPEN = OPEN
  static readonly CLOSING = CLOSING
  static readonly CLOSED = CLOSED
  readonly CONNECTING = CONNECTING
  readonly OPEN = OPEN
  readonly CLOSING = CLOSING
  readonly CLOSED = CLOSED
  readonly url: string
  readonly connectionId: string
  readonly bufferedAmount = 0
  readonly extensions = ''
  binaryType = 'blob'
  readonly #office: Office
  #handlers: Handlers = {}
  #state: 0 | 1 | 2 | 3 = CONNECTING
  #protocol = ''
  #connection: Connection | undefined
  #isDead = false
  #patience: unknown

  constructor(office: Office, url: string | URL, protocols: string | readonly string[]) {
    super()
    const address = addressOf(url)
    const offered = offersOf(protocols)
    this.#office = office
    this.url = address.href
    this.connectionId = makeId(office.random)
    office.sockets.add(this)
    this.#cross(() => void office.gate.tasks.add(this.#knock(address, offered)))
  }

  get readyState(): number {
    return this.#state
  }
  get protocol(): string {
    return this.#protocol
  }

  send(data: string | ArrayBuffer | ArrayBufferView): void {
    if (this.#state === CONNECTING) throw new DOMException('send: the socket is not open yet.', 'InvalidStateError')
    if (this.#state !== OPEN) return
    const isBinary = data instanceof ArrayBuffer || ArrayBuffer.isView(data)
    const text = isBinary ? '' : String(data).toWellFormed()
    this.#cross(() => (isBinary ? this.#connection?.end(CLOSES.binary) : this.#say(text)))
  }

  close(code?: number, reason?: string): void {
    checkClose(code, reason)
    if (this.#state >= CLOSING) return
    const wasOpen = this.#state === OPEN
    this.#state = CLOSING
    if (!wasOpen) {
      this.#fail()
      return
    }
    const said = [code ?? NO_CODE, code === undefined ? '' : (reason ?? '')] as const
    this.#patience = this.#office.gate.settings.clock.setTimeout(() => this.#end(...LOST), CLOSING_MS)
    this.#cross(() => {
      this.#connection?.left(...said)
      this.#end(...said)
    })
  }

  vanish(): void {
    if (this.#state === CLOSED) return
    const isNews = this.#state === CONNECTING
    this.stall()
    this.#connection?.lost()
    this.#office.pace.soon(() => this.#end(...LOST, isNews))
  }

  stall(): void {
    this.#isDead = true
  }

  /** Do it in a turn of its own, unless the line is dead by then. */
  #cross(run: () => void): void {
    this.#office.pace.soon(() => {
      if (!this.#isDead) run()
    })
  }

  async #knock({ href, search }: URL, subprotocols: readonly string[]): Promise<void> {
    const { gate, pace, url } = this.#office
    const { connectionId } = this
    if (this.#state !== CONNECTING) return
    const isHere = href.slice(0, href.length - search.length).replace(/\/$/, '') === url
    if (!isHere || gate.isStopping() || href.length > LIMITS.urlCharacters.value) return this.#fail()
    const handshake = { connectionId, query: search, headers: {}, subprotocols, sourceIp: SOURCE_IP }
    const verdict = await ask(gate, pace, handshake).catch(() => REFUSED)
    if (!verdict.isAdmitted) return this.#fail()
    // The client left while `$connect` ran, which said yes to it.
    if (this.#state !== CONNECTING) return farewell(gate, verdict.who, ...CLOSES.lost.value)
    const { who, subprotocol } = verdict
    this.#connection = enter(gate, who, search, this.#line)
    const isAgreed = subprotocol === undefined ? subprotocols.length === 0 : subprotocols.includes(subprotocol)
    if (!isAgreed) {
      this.#connection.lost()
      return this.#fail()
    }
    this.#cross(() => {
      if (this.#state !== CONNECTING) return this.#connection?.lost()
      this.#state = OPEN
      this.#protocol = subprotocol ?? ''
      this.dispatchEvent(new Event('open'))
    })
    if (gate.isStopping()) this.#connection.end(CLOSES.stopped)
  }

  /** What the gateway holds of it. */
  readonly #line: Line = {
    isOpen: () => true,
    send: (text) =>
      this.#cross(() => {
        if (this.#state === OPEN) this.dispatchEvent(new SocketMessage(text.toWellFormed()))
      }),
    close: (code, reason) => this.#cross(() => this.#end(code, reason)),
  }

  #say(text: string): void {
    const { gate, pace, random } = this.#office
    const connection = this.#connection
    if (!connection?.isOpen()) return
    const bytes = text.length * 3 <= LIMITS.frameBytes.value ? 0 : Buffer.byteLength(text)
    if (bytes > LIMITS.frameBytes.value) connection.end(CLOSES.tooBig)
    else gate.tasks.add(message(gate, connection, text, makeId(random)))
    pace.look()
  }

  /** There was no connection, and there will be none. Whatever the line is like, this end knows. */
  #fail(): void {
    this.#office.pace.soon(() => this.#end(...LOST, true))
  }

  #end(code: number, reason: string, hasFailed = false): void {
    if (this.#state === CLOSED) return
    this.#state = CLOSED
    this.#office.gate.settings.clock.clearTimeout(this.#patience)
    this.#office.sockets.delete(this)
    if (hasFailed) this.dispatchEvent(new Event('error'))
    this.dispatchEvent(new SocketClose(code, reason, code !== LOST[0]))
  }

  get onopen(): Handler<'open'> {
    return this.#handler('open')
  }
  set onopen(run) {
    this.#handle('open', run)
  }
  get onmessage(): Handler<'message'> {
    return this.#handler('message')
  }
  set onmessage(run) {
    this.#handle('message', run)
  }
  get onerror(): Handler<'error'> {
    return this.#handler('error')
  }
  set onerror(run) {
    this.#handle('error', run)
  }
  get onclose(): Handler<'close'> {
    return this.#handler('close')
  }
  set onclose(run) {
    this.#handle('close', run)
  }

  #handler<Name extends keyof SocketEvents>(type: Name): Handler<Name> {
    return this.#handlers[type] ?? null
  }

  /** Its turn among the listeners is that of the first function that it was. */
  #handle<Name extends keyof SocketEvents>(type: Name, run: Handler<Name>): void {
    if (!(type in this.#handlers))
      this.addEventListener(type, (event) => this.#handlers[type]?.(event as SocketEvents[Name]))
    this.#handlers = { ...this.#handlers, [type]: typeof run === 'function' ? run : null }
  }
}

type Handlers = { [Name in keyof SocketEvents]?: Handler<Name> }
type Handler<Name extends keyof SocketEvents> = ((event: SocketEvents[Name]) => void) | null
