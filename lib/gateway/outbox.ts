/**
 * The output gate of one message. While it is shut, what the handler sends waits; once the handler's state is stored it
 * leaves in the order in which it was sent; if it never is, nothing does.
 */
export interface Outbox {
  /** Whether output waits. */
  readonly shut: boolean
  /** Send now, or when the gate opens. Sent now, it rejects as `effect` does. */
  readonly send: (effect: () => Promise<void>) => Promise<void>
  /** Run just before the state is stored: what the new state no longer permits is taken away first. */
  readonly revoke: (effect: () => Promise<void>) => Promise<void>
  /** Do what must be done before the state is stored. */
  readonly beforeCommit: () => Promise<void>
  /** Open the gate. Resolves with what failed on the way out: the state stands all the same. */
  readonly open: () => Promise<readonly unknown[]>
  /** Wait for what was sent and not awaited: Lambda freezes the process as soon as the handler has answered. */
  readonly settle: () => Promise<void>
}

export const outbox = (shut: boolean): Outbox => {
  const waiting: (() => Promise<void>)[] = []
  const revocations: (() => Promise<void>)[] = []
  const sent = new Set<Promise<void>>()
  const box = {
    shut,
    send: async (effect: () => Promise<void>) => {
      if (box.shut) {
        waiting.push(effect)
        return
      }
      const sending = effect().finally(() => sent.delete(sending))
      sent.add(sending)
      await sending
    },
    revoke: async (effect: () => Promise<void>) => {
      if (!box.shut) return effect()
      revocations.push(effect)
    },
    beforeCommit: async () => {
      for (const effect of revocations) await effect()
    },
    open: async () => {
      box.shut = false
      const failures: unknown[] = []
      for (const effect of waiting) await effect().catch((error: unknown) => failures.push(error))
      return failures
    },
    settle: async () => {
      if (sent.size > 0) await Promise.allSettled(sent)
    },
  }
  return box
}
