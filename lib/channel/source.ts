/** Members one by one; once it is over, only those for whom nobody has to wait long. */
export class Source {
  readonly #members: Iterator<string> | AsyncIterator<string>
  #turn: Promise<void> | undefined
  #hasWaited = false

  constructor(members: Iterable<string> | AsyncIterable<string>) {
    this.#members = Symbol.asyncIterator in members ? members[Symbol.asyncIterator]() : members[Symbol.iterator]()
  }

  /** `undefined`: it is over, and whoever comes next would have to be waited for once more. */
  async next(isOver: boolean): Promise<IteratorResult<string> | undefined> {
    const next = this.#members.next()
    if (!isOver || (await this.#isThere(next))) return next
    if (!this.#hasWaited) {
      // The page that is on its way, or the next one: it shows whether there is anybody left.
      this.#hasWaited = true
      return next
    }
    Promise.resolve(next).catch(() => {})
    return undefined
  }

  /** What is in memory comes before the event loop takes its next turn; a page does not. */
  async #isThere(next: unknown): Promise<boolean> {
    this.#turn ??= new Promise((resolve) =>
      setImmediate(() => {
        this.#turn = undefined
        resolve()
      }),
    )
    return (await Promise.race([next, this.#turn])) !== undefined
  }
}
