import type { Clock } from './options.ts'

/** What is under way. */
export interface Tasks {
  /**
   * Count a piece of work until it settles. Work that is part of other work needs no name of its own. From `endsAt` on, in
   * epoch milliseconds, nobody waits for it.
   */
  readonly add: <Result>(work: Promise<Result>, name?: () => string, endsAt?: number) => Promise<Result>
  readonly count: () => number
  /** The names of what is under way. */
  readonly names: () => readonly string[]
  /** Wait until nothing is under way, or until the time is over. `slow` is called once, when it takes that long. */
  readonly settled: (clock: Clock, maxMs: number, slowMs: number, slow: () => void) => Promise<void>
}

export const makeTasks = (): Tasks => {
  const under = new Map<Promise<unknown>, Task>()
  const empty = async (clock: Clock) => {
    // Work begets work: a handshake that completes late still has its farewell to deliver.
    for (;;) {
      const left = [...under].filter(([, { endsAt }]) => endsAt > clock.now())
      if (left.length === 0) return
      const soonest = Math.min(...left.map(([, { endsAt }]) => endsAt))
      let timer: unknown
      const ended = new Promise<void>((resolve) => {
        if (soonest < Number.POSITIVE_INFINITY) timer = clock.setTimeout(resolve, soonest - clock.now())
      })
      await Promise.race([Promise.allSettled(left.map(([work]) => work)), ended])
      clock.clearTimeout(timer)
    }
  }
  return {
    add: (work, name, endsAt = Number.POSITIVE_INFINITY) => {
      under.set(work, { name, endsAt })
      const done = () => under.delete(work)
      work.then(done, done)
      return work
    },
    count: () => under.size,
    names: () => [...under.values()].flatMap(({ name }) => (name ? [name()] : [])),
    settled: async (clock, maxMs, slowMs, slow) => {
      let timer: unknown
      const over = new Promise<void>((resolve) => {
        timer = clock.setTimeout(resolve, maxMs)
      })
      const notice = clock.setTimeout(slow, slowMs)
      await Promise.race([empty(clock), over])
      clock.clearTimeout(timer)
      clock.clearTimeout(notice)
    },
  }
}

interface Task {
  readonly name: (() => string) | undefined
  readonly endsAt: number
}
