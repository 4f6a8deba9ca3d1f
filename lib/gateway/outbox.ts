/**
 * The output gate of one message. While it is shut, what the handler sends waits; once the handler's state is stored it
 * leaves in the order in which it was sent; if it never is, nothing does.
 *
 * A class for the sake of speed: every message has one, and few messages send.
 */
export class Outbox {
  #shut: boolean
  #waiting: Effect[] | undefined
  #revocations: Effect[] | undefined
  #flying: Set<Promise<void>> | undefined

  constructor(shut: boolean) {
    this.#shut = shut
  }

  /** How much was sent and has not arrived yet. */
  get flying(): number {
    return this.#flying?.size ?? 0
  }

  /** Send now, or when the gate opens. Sent now, it rejects as `effect` does. */
  async send(effect: Effect): Promise<void> {
    if (this.#shut) {
      this.#waiting = [...(this.#waiting ?? []), effect]
      return
    }
    this.#flying ??= new Set()
    const flying = this.#flying
    const flight: Promise<void> = effect().finally(() => flying.delete(flight))
    flying.add(flight)
    await flight
  }

  /** Run just before the state is stored: what the new state no longer permits is taken away first. */
  async revoke(effect: Effect): Promise<void> {
    if (!this.#shut) return effect()
    this.#revocations = [...(this.#revocations ?? []), effect]
  }

  /** Do what must be done before the state is stored. */
  async beforeCommit(): Promise<void> {
    for (const effect of this.#revocations ?? []) await effect()
  }

  /** Open the gate. Resolves with what failed on the way out: the state stands all the same. */
  async open(): Promise<readonly unknown[]> {
    this.#shut = false
    const failures: unknown[] = []
    for (const effect of this.#waiting ?? []) await effect().catch((error: unknown) => failures.push(error))
    return failures
  }

  /** Wait for what was sent and not awaited: Lambda freezes the process as soon as the handler has answered. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#flying ?? [])
  }
}

type Effect = () => Promise<void>
