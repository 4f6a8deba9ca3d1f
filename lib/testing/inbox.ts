import type { Answered } from './client.ts'
import type { Patience, Waiter } from './patience.ts'

/** What has come to a client, and who waits for what. */
export class Inbox {
  /** Settles when nothing more will come. */
  readonly ended: Promise<void>
  readonly #all: unknown[] = []
  readonly #untaken: unknown[] = []
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
    return this.#all
  }

  put(text: string): void {
    const frame = parsed(text)
    this.#all.push(frame)
    if (this.#settle(frame)) return
    const taker = [...this.#takers].find(({ fits }) => fits(frame))
    if (!taker) return void this.#untaken.push(frame)
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
    const at = this.#untaken.findIndex(fits)
    if (at >= 0) return Promise.resolve(this.#untaken.splice(at, 1)[0])
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

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
