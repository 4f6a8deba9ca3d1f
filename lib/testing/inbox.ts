import type { Answered } from './client.ts'
import type { Patience, Waiter } from './patience.ts'

/** What has come to a client, and who waits for what. */
export class Inbox {
  /** Settles when nothing more will come. */
  readonly ended: Promise<void>
  readonly #texts: string[] = []
  readonly #untaken: string[] = []
  readonly #takers = new Set<Taker>()
  readonly #askers = new Map<string, Asker>()
  readonly #patience: Patience
  #shutBy: string | undefined
  #end = () => {}

  constructor(patience: Patience) {
    this.#patience = patience
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
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
      const asker = { name, what: `the answer to '${name}'`, requestId, resolve, reject }
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
      const taker = { fits, what, resolve, reject }
      if (this.#shutBy !== undefined) return this.#fail(taker, this.#shutBy)
      this.#takers.add(taker)
      this.#patience.begin(taker)
    })
  }

  /** Nothing more will come. */
  shut(by: string): void {
    this.#shutBy = by
    for (const waiter of [...this.#takers, ...this.#askers.values()]) this.#fail(waiter, by)
    this.#takers.clear()
    this.#askers.clear()
    this.#end()
  }

  /** Whether it answers a message. API Gateway's own error frames name the request, not the message. */
  #settle(frame: unknown): boolean {
    if (this.#askers.size === 0) return false
    const { id, requestId, event, message } = Object(frame)
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

/** What an answer has, and a push has not. */
const ANSWER = /"(?:id|requestId)"/

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
