import type { Answered } from './client.ts'
import type { Patience, Waiter } from './patience.ts'

/** What has come to a client, and who waits for what. */
export class Inbox {
  readonly #texts: string[] = []
  readonly #untaken: string[] = []
  readonly #takers = new Set<Taker>()
  readonly #askers = new Map<string, Asker>()
  readonly #enders = new Set<Ender>()
  readonly #patience: Patience
  #shutBy: string | undefined

  constructor(patience: Patience) {
    this.#patience = patience
  }

  get all(): readonly unknown[] {
    return this.#texts.map(parsed)
  }

  put(text: string): void {
    this.#texts.push(text)
    // Nobody waits for it: most frames are never looked at.
    if (this.#takers.size === 0 && !(this.#askers.size > 0 && ANSWER.test(text))) return void this.#untaken.push(text)
    const frame = parsed(text)
    if (this.#settle(frame)) return
    const taker = [...this.#takers].find(({ fits }) => fits(frame))
    if (!taker) return void this.#untaken.push(text)
    this.#takers.delete(taker)
    this.#patience.end(taker)
    taker.resolve(frame)
  }

  /** The frame that answers a message. */
  answer(name: string, id: string, requestId: string): Promise<Answered> {
    return new Promise((resolve, reject) => {
      // Whoever has given up leaves: a frame that comes later is for the next one who asks.
      const giveUp = (error: Error) => {
        this.#askers.delete(id)
        reject(error)
      }
      const asker = { name, what: `the answer to '${name}'`, requestId, resolve, reject: giveUp }
      this.#askers.set(id, asker)
      this.#patience.begin(asker)
    })
  }

  /** The first frame that fits and that nobody has taken. */
  take(fits: (frame: unknown) => boolean, what: string): Promise<unknown> {
    for (const [at, text] of this.#untaken.entries()) {
      const frame = parsed(text)
      if (!fits(frame)) continue
      this.#untaken.splice(at, 1)
      return Promise.resolve(frame)
    }
    return new Promise((resolve, reject) => {
      const giveUp = (error: Error) => {
        this.#takers.delete(taker)
        reject(error)
      }
      const taker: Taker = { fits, what, resolve, reject: giveUp }
      if (this.#shutBy !== undefined) return this.#fail(taker, this.#shutBy)
      this.#takers.add(taker)
      this.#patience.begin(taker)
    })
  }

  /** Resolves when nothing more will come. */
  untilShut(): Promise<void> {
    if (this.#shutBy !== undefined) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const giveUp = (error: Error) => {
        this.#enders.delete(ender)
        reject(error)
      }
      const ender: Ender = { what: 'the end of the connection', resolve, reject: giveUp }
      this.#enders.add(ender)
      this.#patience.begin(ender)
    })
  }

  /** Nothing more will come. */
  shut(by: string): void {
    this.#shutBy = by
    for (const waiter of [...this.#takers, ...this.#askers.values()]) this.#fail(waiter, by)
    for (const ender of this.#enders) {
      this.#patience.end(ender)
      ender.resolve()
    }
    this.#enders.clear()
  }

  /** Whether it answers a message, and is no step on the way to the answer. API Gateway's own error frames name the request, not the message. */
  #settle(frame: unknown): boolean {
    if (this.#askers.size === 0) return false
    const { id, requestId, event, progress, message } = Object(frame)
    if (progress !== undefined) return false
    const own = event === undefined && id !== undefined ? String(id) : this.#idOf(requestId)
    const asker = own === undefined ? undefined : this.#askers.get(own)
    if (!asker || own === undefined) return false
    this.#askers.delete(own)
    if (id === undefined) this.#patience.fail(asker, `API Gateway answered '${asker.name}' itself: ${message}.`)
    else {
      this.#patience.end(asker)
      asker.resolve(frame as Answered)
    }
    return true
  }

  #idOf(requestId: unknown): string | undefined {
    for (const [id, asker] of this.#askers) if (asker.requestId === requestId) return id
    return undefined
  }

  #fail(waiter: Waiter, by: string): void {
    this.#patience.fail(waiter, `The connection was closed (${by}) before ${waiter.what} came.`)
  }
}

interface Taker extends Waiter {
  readonly fits: (frame: unknown) => boolean
  readonly resolve: (frame: unknown) => void
}

interface Asker extends Waiter {
  readonly name: string
  readonly requestId: string
  readonly resolve: (frame: Answered) => void
}

interface Ender extends Waiter {
  readonly resolve: () => void
}

/** What an answer has, and a push has not. */
const ANSWER = /"(?:id|requestId)"/

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
