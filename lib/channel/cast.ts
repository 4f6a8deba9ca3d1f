import type { Delivery } from '../gateway/gateway.ts'
import type { Round, Sent } from './broadcast.ts'
import { Complaints } from './complaints.ts'
import { Flights } from './flights.ts'
import { Lanes } from './lanes.ts'
import { Window } from './window.ts'

/** A member, and what it has met so far. */
interface Try {
  readonly connectionId: string
  /** How many posts had got through when it was first tried. */
  readonly before: number
  /** The number of the post that is under way. */
  post: number
  throttled: number
  /** How often that was its own doing, as far as one can tell. */
  strikes: number
  unknown: number
}

/** A broadcast under way. A class for the sake of speed. */
export class Cast {
  readonly #round: Round
  readonly #sent = { delivered: 0, gone: 0, throttled: 0, failed: 0, deferred: 0 }
  readonly #window = new Window()
  readonly #flights: Flights<Try, Delivery>
  readonly #forgetting: Lanes
  readonly #complaints: Complaints
  /** Throttled, until their wait is over. They hold no place in the window meanwhile. */
  readonly #waiting = new Set<Try>()
  /** Their wait is over. */
  #due: Try[] = []
  /** Posts that got through, whatever the answer was. */
  #through = 0
  readonly #reserveMs: number
  #isOver = false
  #wake: (() => void) | undefined

  constructor(round: Round) {
    const { remainingMs, timeoutMs = TIMEOUT_MS, signal } = round
    this.#round = round
    this.#reserveMs = remainingMs ? Math.min(RESERVE_MS, remainingMs() / 10) : 0
    // Time is left to forget those that are gone, and to answer.
    const limitMs = () => Math.max(1, Math.min(timeoutMs, this.#leftMs() + this.#reserveMs * 0.8))
    this.#flights = new Flights<Try, Delivery>(
      limitMs,
      (one, delivery) => this.#answered(one, delivery),
      (one, error) => this.#unknown(one, error),
    )
    this.#complaints = new Complaints(round.onFailure)
    this.#forgetting = new Lanes(
      round.gone,
      (error, connectionId) => this.#complaints.fault(error, connectionId),
      () => this.#go(),
    )
    signal?.addEventListener('abort', this.#stop)
  }

  /** Whether nobody is tried any more. Once it is over, it stays so. */
  isOver(): boolean {
    this.#isOver ||= this.#round.signal?.aborted === true || this.#leftMs() < 0
    return this.#isOver
  }

  /** Post to one as soon as there is room, or leave it for later. */
  async say(connectionId: string): Promise<void> {
    while (!this.isOver() && !this.#hasRoom()) await this.#change()
    if (this.isOver()) return this.#defer(connectionId)
    this.#fly({ connectionId, before: this.#through, post: 0, throttled: 0, strikes: 0, unknown: 0 })
  }

  /** Wait for all that is under way. */
  async end(): Promise<Sent> {
    while (this.#flights.count + this.#waiting.size + this.#due.length > 0) await this.#change()
    this.#round.signal?.removeEventListener('abort', this.#stop)
    this.#flights.end()
    await this.#forgetting.end(() => !this.isOver())
    return this.#sent
  }

  /** For one more member: whoever waits is not to become many. */
  #hasRoom(): boolean {
    return (
      this.#window.hasRoom(this.#flights.count) &&
      this.#due.length === 0 &&
      this.#waiting.size < MAX_WAITING &&
      this.#forgetting.waiting < MAX_WAITING
    )
  }

  #fly(one: Try): void {
    one.post = this.#window.start()
    this.#flights.start(one, (signal) => this.#round.post(one.connectionId, signal))
  }

  #answered(one: Try, delivery: Delivery): void {
    const { connectionId } = one
    if (delivery.outcome === 'throttled') this.#throttled(one, delivery.retryAfterMs)
    else {
      this.#through++
      this.#window.widen(one.post)
      if (delivery.outcome === 'delivered') this.#sent.delivered++
      else if (delivery.outcome === 'gone') {
        this.#sent.gone++
        this.#forgetting.add(connectionId)
      } else {
        this.#sent.failed++
        this.#complaints.refused(delivery, connectionId)
      }
    }
    this.#go()
  }

  /**
   * A 429 says that there are too many posts, or that the peer reads too slowly, and not which of the two. It is the
   * former where many are throttled and hardly any other gets through.
   */
  #throttled(one: Try, hintMs: number): void {
    const isGeneral = this.#waiting.size + this.#due.length >= MANY && this.#through - one.before < SOME
    one.throttled++
    if (isGeneral || one.throttled === 1) this.#window.narrow(one.post)
    if (!isGeneral) one.strikes++
    if (one.strikes >= MAX_STRIKES || one.throttled >= MAX_THROTTLED) {
      this.#sent.throttled++
      this.#complaints.throttled(one.connectionId, one.throttled)
    } else if (!this.#later(one, Math.min(CAP_MS, Math.max(hintMs, BASE_MS * 2 ** (one.throttled - 1)))))
      this.#defer(one.connectionId)
  }

  /** Nobody knows whether it was delivered. One more attempt may say it twice, and none may say it never. */
  #unknown(one: Try, error: unknown): void {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError'
    one.unknown++
    if (isLate || one.unknown > 1 || !this.#later(one, BASE_MS)) {
      this.#sent.failed++
      this.#complaints.fault(error, one.connectionId)
    }
    this.#go()
  }

  /** Try it again after full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"). `false`: no time. */
  #later(one: Try, longestMs: number): boolean {
    const ms = Math.round(longestMs * this.#round.random())
    if (this.isOver() || ms > this.#leftMs()) return false
    this.#waiting.add(one)
    const ready = () => {
      if (!this.#waiting.delete(one)) return
      this.#due.push(one)
      this.#go()
    }
    this.#round.clock.wait(ms).then(ready, ready)
    return true
  }

  /** Something has changed: whoever is due goes first. */
  #go(): void {
    if (this.isOver()) {
      const late = [...this.#due, ...this.#waiting]
      this.#due = []
      this.#waiting.clear()
      for (const { connectionId } of late) this.#defer(connectionId)
    }
    while (this.#due.length > 0 && this.#window.hasRoom(this.#flights.count)) {
      const one = this.#due.shift()
      if (one) this.#fly(one)
    }
    this.#wake?.()
  }

  #defer(connectionId: string): void {
    this.#sent.deferred++
    this.#round.defer?.(connectionId)
  }

  readonly #stop = () => this.#go()

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Milliseconds in which posts may still start. */
  #leftMs(): number {
    return (this.#round.remainingMs?.() ?? Number.POSITIVE_INFINITY) - this.#reserveMs
  }
}

const TIMEOUT_MS = 5_000
/** Time for those that are under way, and to answer; a tenth of what there is where that is less. */
const RESERVE_MS = 5_000
const BASE_MS = 100
const CAP_MS = 2_000
/** A peer that is throttled so often, while others are not, reads too slowly. */
const MAX_STRIKES = 3
const MAX_THROTTLED = 8
/** So many at once are no coincidence; and so many, a full window, do not get through where nobody does. */
const MANY = 10
const SOME = 50
/** Who waits for another attempt, or to be forgotten, is kept in memory. */
const MAX_WAITING = 1_000
