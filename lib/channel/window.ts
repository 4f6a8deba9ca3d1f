/**
 * How many posts may be under way: TCP's additive increase and multiplicative decrease (RFC 5681). API Gateway does not
 * say how many it takes in a second, and the quota is shared with everything else in the account.
 */
export class Window {
  #size = MAX
  #through = 0
  #posts = 0
  #cutAt = 0

  /** Whether one more may start beside those that are under way. */
  hasRoom(flying: number): boolean {
    return flying < this.#size
  }

  /** A number for a post that starts now. */
  start(): number {
    return ++this.#posts
  }

  /** One got through. After as many as fit there is room for one more. */
  widen(post: number): void {
    // One that started before the cut says nothing of what fits since.
    if (post <= this.#cutAt) return
    this.#through++
    if (this.#through < this.#size) return
    this.#through = 0
    this.#size = Math.min(MAX, this.#size + 1)
  }

  /** Half as many. Once for all that were under way together: they met the same limit. */
  narrow(post: number): void {
    if (post <= this.#cutAt) return
    this.#cutAt = this.#posts
    this.#through = 0
    this.#size = Math.max(MIN, this.#size >> 1)
  }
}

/** As many as the management client keeps sockets; more only queue. */
const MAX = 50
/** No less, or one post that hangs would be all that is under way. */
const MIN = 4
