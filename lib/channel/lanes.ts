/** Carries out one thing for many, a few at a time, beside whatever else is under way. */
export class Lanes {
  readonly #act: (item: string) => Promise<unknown>
  readonly #onError: (error: unknown, item: string) => void
  readonly #onChange: () => void
  #waiting: string[] = []
  readonly #running = new Set<Promise<void>>()

  constructor(
    act: (item: string) => Promise<unknown>,
    onError: (error: unknown, item: string) => void,
    onChange: () => void,
  ) {
    this.#act = act
    this.#onError = onError
    this.#onChange = onChange
  }

  /** How many have not begun. */
  get waiting(): number {
    return this.#waiting.length
  }

  add(item: string): void {
    this.#waiting.push(item)
    if (this.#running.size >= LANES) return
    const lane: Promise<void> = this.#run().finally(() => this.#running.delete(lane))
    this.#running.add(lane)
  }

  /** Wait for those that have begun, and for the others as long as there is time. */
  async end(hasTime: () => boolean): Promise<void> {
    while (this.#running.size > 0) {
      if (!hasTime()) this.#waiting = []
      await Promise.race(this.#running)
    }
  }

  async #run(): Promise<void> {
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
      try {
        await this.#act(item)
      } catch (error) {
        this.#onError(error, item)
      }
      this.#onChange()
    }
  }
}

/** Each of them is a few writes to a store, and posts go on meanwhile. */
const LANES = 10
