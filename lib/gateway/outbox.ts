/**
 * The output gate of one message. While it is shut, what the handler sends waits; once the handler's state is stored it
 * leaves in the order in which it was sent; if it never is, nothing does.
 *
 * A class for the sake of speed: every message has one, and few messages send.
 */
export class Outbox {
  #shut: boolean
  #waiting: Effect[] | undefined
  #flying: Set<Promise<void>> | undefined
  #failures: unknown[] | undefined

  constructor(shut: boolean) {
    this.#shut = shut
  }

  /** Whether what is sent waits for a commit. */
  get shut(): boolean {
    return this.#shut
  }

  /** How much was asked for and is not done yet. */
  get flying(): number {
    return this.#flying?.size ?? 0
  }

  /** What failed of what was tracked. */
  get failures(): readonly unknown[] {
    return this.#failures ?? []
  }

  /**
   * Know of what the handler asks for until it is done, whether or not the handler waits for it. A failure is kept: a
   * rejection that nobody handles would end the process, and with it leave the connection claimed.
   */
  track(work: Promise<void>): Promise<void> {
    this.#flying ??= new Set()
    const flying = this.#flying.add(work)
    work.then(
      () => flying.delete(work),
      (error) => {
        flying.delete(work)
        this.#failures = [...this.failures, error]
      },
    )
    return work
  }

  /** Send now, or when the gate opens. Sent now, it rejects as `effect` does. */
  async send(effect: Effect): Promise<void> {
    if (this.#shut) this.#waiting = [...(this.#waiting ?? []), effect]
    else await effect()
  }

  /** Open the gate. Resolves with what failed on the way out: the state stands all the same. */
  async open(): Promise<readonly unknown[]> {
    this.#shut = false
    const failures: unknown[] = []
    for (const effect of this.#waiting ?? []) await effect().catch((error: unknown) => failures.push(error))
    return failures
  }

  /** Wait for what was not awaited: Lambda freezes the process as soon as the handler has answered. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#flying ?? [])
  }
}

type Effect = () => Promise<void>
