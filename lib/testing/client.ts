import { makeId } from '../event/make.ts'
import type { Connection, Line } from '../local/connection.ts'
import type { Gate } from '../local/gate.ts'
import { message } from '../local/message.ts'
import { CLOSES, LIMITS } from '../local/rules.ts'
import type { OutputOf } from '../schema.ts'
import type { AppLike } from '../types/app.ts'
import type { Data, PushesOf, Reply, RoutesOf } from '../types/client.ts'
import { checkFarewell, textOf } from './given.ts'
import { Inbox } from './inbox.ts'
import type { Patience } from './patience.ts'

/** How a connection ended, as its client sees it. */
export interface Closed {
  readonly code: number
  readonly reason: string
}

/** The answer to a message: what its route returned, or why it was refused. */
export interface Answered<Returned = unknown> {
  readonly action: string
  readonly id: string
  readonly data?: Returned
  readonly error?: {
    readonly code: string
    readonly message: string
    readonly details?: unknown
    readonly retryAfterMs?: number
  }
}

/** A client that is connected to a gateway in process. Typed by the application, where that is known. */
export interface TestClient<A> {
  readonly connectionId: string
  /** What `$connect` chose. */
  readonly subprotocol: string | undefined
  /** Send a text as it is, anything else as JSON, and bytes as a binary frame, which the gateway does not take. */
  readonly send: (body: unknown) => void
  /** Send a message with an id of its own. Resolves with the frame that answers it, be it a refusal. */
  readonly request: Request<A>
  /** All that has come so far: parsed where it is JSON. */
  readonly received: readonly unknown[]
  /** The next frame that nobody has taken, once it is there. */
  readonly next: () => Promise<unknown>
  /** What the next push of this name carries, once it is there. */
  readonly pushed: Pushed<A>
  /** How the connection ended; `undefined` while it is open. */
  readonly closed: Closed | undefined
  readonly untilClosed: () => Promise<Closed>
  /**
   * Close it, as a browser can: with 1000 or a code from 3000 to 4999, and a reason of at most 123 bytes. Without a code
   * the close frame has none, and `$disconnect` reads 1005.
   */
  readonly close: (code?: number, reason?: string) => void
  /** Be gone without a word, as a phone in a tunnel: `$disconnect` reads 1006. */
  readonly vanish: () => void
}

type Request<A> = [A] extends [Typed]
  ? <const N extends keyof RoutesOf<A>>(
      name: N,
      ...data: Data<RoutesOf<A>, N>
    ) => Promise<Answered<Reply<RoutesOf<A>, N>>>
  : (name: string, data?: unknown) => Promise<Answered>

type Pushed<A> = [A] extends [Typed]
  ? <const N extends keyof PushesOf<A> & string>(name: N) => Promise<OutputOf<PushesOf<A>[N]>>
  : (name: string) => Promise<unknown>

/** A built application; of any other handler nothing is known. */
type Typed = AppLike & { readonly server: object }

/** The client's end of a connection, before and after it is let in. */
export class ClientEnd implements TestClient<unknown> {
  readonly connectionId: string
  subprotocol: string | undefined
  closed: Closed | undefined
  readonly #gate: Gate
  readonly #inbox: Inbox
  readonly #begun: () => void
  #connection: Connection | undefined
  #lastId = 0

  /** `begun`: called when something was begun that may wait for time. */
  constructor(gate: Gate, connectionId: string, patience: Patience, begun: () => void) {
    this.#begun = begun
    this.#gate = gate
    this.connectionId = connectionId
    this.#inbox = new Inbox(patience)
  }

  /** What the gateway holds of it. */
  readonly line: Line = {
    isOpen: () => !this.closed,
    send: (text) => this.#inbox.put(text),
    close: (code, reason) => this.#end(code, reason),
  }

  enter(connection: Connection, subprotocol: string | undefined): void {
    this.#connection = connection
    this.subprotocol = subprotocol
  }

  get received(): readonly unknown[] {
    return this.#inbox.all
  }

  // Closures, so that a test may take them apart: const { request } = await gateway.connect().
  readonly send = (body: unknown): void => {
    if (this.closed) throw new Error(`send: the connection is closed (${wordsOf(this.closed)}).`)
    if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) this.#connection?.end(CLOSES.binary)
    else this.#say(textOf('send', body), makeId(this.#gate.settings.random))
  }

  readonly request = async (name: string, data?: unknown): Promise<Answered> => {
    const id = String(++this.#lastId)
    // Before anybody waits for an answer: what is no JSON is thrown here.
    const text = JSON.stringify({ action: name, id, data })
    const requestId = makeId(this.#gate.settings.random)
    const answer = this.#inbox.answer(name, id, requestId)
    if (this.closed) this.#inbox.shut(wordsOf(this.closed))
    else this.#say(text, requestId)
    return answer
  }

  readonly next = (): Promise<unknown> => this.#inbox.take(() => true, 'a frame')

  readonly pushed = async (name: string): Promise<unknown> => {
    const frame = await this.#inbox.take((frame) => Object(frame).event === name, `the push '${name}'`)
    return Object(frame).data
  }

  readonly untilClosed = async (): Promise<Closed> => {
    if (!this.closed) await this.#inbox.untilShut()
    return this.closed ?? GONE
  }

  readonly close = (code?: number, reason?: string): void => {
    checkFarewell(code, reason)
    this.#leave(code ?? CLOSES.noCode.value[0], reason ?? '')
  }
  readonly vanish = (): void => {
    if (this.closed) return
    this.#end(1006, '')
    this.#connection?.lost()
  }

  #say(text: string, requestId: string): void {
    const bytes = text.length * 3 <= LIMITS.frameBytes.value ? 0 : Buffer.byteLength(text)
    if (bytes > LIMITS.frameBytes.value) this.#connection?.end(CLOSES.tooBig)
    else if (this.#connection) {
      this.#gate.tasks.add(message(this.#gate, this.#connection, text, requestId))
      this.#begun()
    }
  }

  #leave(code: number, reason: string): void {
    if (this.closed) return
    this.#end(code, reason)
    this.#connection?.left(code, reason)
  }

  #end(code: number, reason: string): void {
    this.closed ??= { code, reason }
    this.#inbox.shut(wordsOf(this.closed))
  }
}

const GONE: Closed = { code: 1006, reason: '' }

const wordsOf = ({ code, reason }: Closed) => (reason ? `${code}: ${reason}` : String(code))
