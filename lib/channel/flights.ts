/** One post that is under way. Its place, with the signal, serves many posts one after the other: making a signal costs. */
interface Place<Item> {
  readonly controller: AbortController
  item: Item | undefined
  /** When it is given up, by `performance.now()`. */
  until: number
}

/** Posts that are under way, each with a time limit. One timer serves all of them. */
export class Flights<Item extends object, Answer> {
  readonly #limitMs: () => number
  readonly #free: Place<Item>[] = []
  /** In the order in which they started, which is that in which they are given up. */
  readonly #taken = new Set<Place<Item>>()
  #timer: NodeJS.Timeout | undefined
  readonly #onAnswer: (item: Item, answer: Answer) => void
  readonly #onError: (item: Item, error: unknown) => void

  constructor(
    limitMs: () => number,
    onAnswer: (item: Item, answer: Answer) => void,
    onError: (item: Item, error: unknown) => void,
  ) {
    this.#limitMs = limitMs
    this.#onAnswer = onAnswer
    this.#onError = onError
  }

  get count(): number {
    return this.#taken.size
  }

  start(item: Item, post: (signal: AbortSignal) => Promise<Answer>): void {
    const place = this.#free.pop() ?? { controller: new AbortController(), item, until: 0 }
    place.item = item
    place.until = performance.now() + this.#limitMs()
    this.#taken.add(place)
    this.#timer ??= this.#wake(place.until)
    begin(post, place.controller.signal).then(
      (answer) => {
        if (this.#land(place, item)) this.#onAnswer(item, answer)
      },
      (error) => {
        if (this.#land(place, item)) this.#onError(item, error)
      },
    )
  }

  /** No timer stays behind. */
  end(): void {
    clearTimeout(this.#timer)
  }

  /** `false` for an answer that comes after its post was given up. */
  #land(place: Place<Item>, item: Item): boolean {
    if (place.item !== item) return false
    place.item = undefined
    this.#taken.delete(place)
    this.#free.push(place)
    return true
  }

  #wake(at: number): NodeJS.Timeout {
    return setTimeout(() => this.#giveUp(), Math.max(1, at - performance.now()))
  }

  #giveUp(): void {
    this.#timer = undefined
    for (const place of this.#taken) {
      if (place.until > performance.now()) {
        this.#timer = this.#wake(place.until)
        return
      }
      const { item } = place
      this.#taken.delete(place)
      place.item = undefined
      const error = new DOMException('It was not answered in time.', 'TimeoutError')
      place.controller.abort(error)
      if (item) this.#onError(item, error)
    }
  }
}

/** A function that throws before it returns a promise is one that rejects. */
const begin = async <Answer>(post: (signal: AbortSignal) => Promise<Answer>, signal: AbortSignal) => post(signal)
