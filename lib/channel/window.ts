/**
 * How many posts may be under way: TCP's additive increase and multiplicative decrease (RFC 5681). API Gateway does not
 * say how many it takes in a second, and the quota is shared with everything else in the account.
 */
export class Window {
  #size = MAX
  #delivered = 0
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

  /** As many as fit have got through: there is room for one more. */
  widen(): void {
    this.#delivered++
    if (this.#delivered < this.#size) return
    this.#delivered = 0
    this.#size = Math.min(MAX, this.#size + 1)
  }

  /** Half as many. Once for all that were under way together: they met the same limit. */
  narrow(post: number): void {
    if (post <= this.#cutAt) return
    this.#cutAt = this.#posts
    this.#delivered = 0
    this.#size = Math.max(1, this.#size >> 1)
  }
}

/** As many as the management client keeps sockets; more only queue. */
const MAX = 50
