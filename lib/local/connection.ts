import type { Peer } from '../event/make.ts'
import type { Sender } from './feed.ts'
import type { Gate } from './gate.ts'
import { type Bucket, bucket } from './rates.ts'
import { CLOSES, type Close } from './rules.ts'

/** Who is connected: what all events of one connection share. */
export type Who = Peer & { readonly connectionId: string; readonly connectedAt: number; readonly sourceIp: string }

/** How a connection's messages travel: over a socket, or straight into a test. */
export interface Line {
  readonly isOpen: () => boolean
  /** One text message. */
  readonly send: (text: string) => void
  readonly close: (code: number, reason: string) => void
}

/**
 * An open connection, as the gateway sees it. A class for the sake of memory: there may be tens of thousands.
 */
export class Connection {
  readonly who: Who
  lastActiveAt: number
  #line: Line
  #isGone = false
  #spoken: Bucket | undefined
  #idle: unknown
  readonly #age: unknown
  readonly #gate: Gate
  readonly #farewell: (who: Who, code: number, reason: string) => void

  /** Watch over a line until it closes; `farewell` is called once, with the code and reason for `$disconnect`. */
  constructor(gate: Gate, who: Who, line: Line, farewell: (who: Who, code: number, reason: string) => void) {
    const { clock, idleMs, maxAgeMs } = gate.settings
    this.who = who
    this.#gate = gate
    this.#line = line
    this.#farewell = farewell
    this.lastActiveAt = clock.now()
    this.#watch(idleMs)
    this.#age = clock.setTimeout(() => this.end(CLOSES.maxAge), Math.max(0, who.connectedAt + maxAgeMs - clock.now()))
  }

  isOpen(): boolean {
    return !this.#isGone && this.#line.isOpen()
  }

  /** A message came or went: the idle time begins anew. */
  touch(): void {
    this.lastActiveAt = this.#gate.settings.clock.now()
  }

  /** Send a text message; `false` when the connection is gone. */
  send(text: string, by: Sender): boolean {
    if (!this.isOpen()) return false
    this.touch()
    this.#line.send(text)
    this.#gate.feed.tell(() => ({ kind: 'sent', at: this.lastActiveAt, connectionId: this.who.connectionId, text, by }))
    return true
  }

  /** Close it from this side. */
  end({ value: [code, reason] }: Close): void {
    if (this.#isGone) return
    this.#line.close(code, reason)
    this.left(code, reason)
  }

  /** It was closed from the other side. */
  left(code: number, reason: string): void {
    if (this.#isGone) return
    this.#isGone = true
    const { clock } = this.#gate.settings
    clock.clearTimeout(this.#idle)
    clock.clearTimeout(this.#age)
    this.#farewell(this.who, code, reason)
  }

  /** Whether its client may say one more message now. */
  maySpeak(): boolean {
    const { clock, messagesPerSecond: perSecond } = this.#gate.settings
    if (perSecond === undefined) return true
    this.#spoken ??= bucket({ perSecond, burst: Math.max(1, perSecond) }, clock)
    return this.#spoken.take()
  }

  /** It is gone without a word. Chaos may have it that nobody notices. */
  lost(): void {
    if (this.#isGone) return
    if (this.#gate.chaos?.isHalfOpen(this.who.connectionId)) this.#line = VOID
    else this.left(...CLOSES.lost.value)
  }

  // One timer that finds how long it still has to wait: messages only note the time.
  #watch(ms: number): void {
    const { clock, idleMs } = this.#gate.settings
    this.#idle = clock.setTimeout(() => {
      const leftMs = this.lastActiveAt + idleMs - clock.now()
      if (leftMs > 0) this.#watch(leftMs)
      else this.end(CLOSES.idle)
    }, ms)
  }
}

/** Where messages vanish. */
const VOID: Line = { isOpen: () => true, send: () => {}, close: () => {} }
