/** Somebody in a test who waits for a frame. */
export interface Waiter {
  readonly what: string
  readonly reject: (error: Error) => void
}

/** Ends waits that are in vain: a test that hangs says nothing, and in an empty process it is not even seen to fail. */
export class Patience {
  readonly #since = new Map<Waiter, number>()
  readonly #hint: string
  #seconds = 0
  #timer: NodeJS.Timeout | undefined

  /** `hint`: what the message of a failure says at its end. */
  constructor(hint: string) {
    this.#hint = hint
  }

  begin(waiter: Waiter): void {
    this.#since.set(waiter, this.#seconds)
    this.#timer ??= setInterval(() => this.#look(), 1_000)
  }

  end(waiter: Waiter): void {
    this.#since.delete(waiter)
  }

  /** Nobody waits any more. */
  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  fail(waiter: Waiter, why: string): void {
    this.end(waiter)
    waiter.reject(new Error(`${why}${this.#hint}`))
  }

  #look(): void {
    this.#seconds++
    if (this.#since.size === 0) this.stop()
    for (const [waiter, since] of this.#since)
      if (this.#seconds - since > SECONDS)
        this.fail(waiter, `Waited ${SECONDS} s in vain for ${waiter.what}. Time stands still here until advance(ms).`)
  }
}

/** Of real time; a test runner's own patience is longer. */
const SECONDS = 5
