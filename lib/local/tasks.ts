import type { Clock } from './options.ts'

/** What is under way. */
export interface Tasks {
  /** Count a piece of work until it settles. Work that is part of other work needs no name of its own. */
  readonly add: <Result>(work: Promise<Result>, name?: () => string) => Promise<Result>
  readonly count: () => number
  /** The names of what is under way. */
  readonly names: () => readonly string[]
  /** Wait until nothing is under way, or until the time is over. `slow` is called once, when it takes that long. */
  readonly settled: (clock: Clock, maxMs: number, slowMs: number, slow: () => void) => Promise<void>
}

export const makeTasks = (): Tasks => {
  const under = new Map<Promise<unknown>, (() => string) | undefined>()
  const empty = async () => {
    // Work begets work: a handshake that completes late still has its farewell to deliver.
    while (under.size > 0) await Promise.allSettled(under.keys())
  }
  return {
    add: (work, name) => {
      under.set(work, name)
      const done = () => under.delete(work)
      work.then(done, done)
      return work
    },
    count: () => under.size,
    names: () => [...under.values()].flatMap((name) => (name ? [name()] : [])),
    settled: async (clock, maxMs, slowMs, slow) => {
      let timer: unknown
      const over = new Promise<void>((resolve) => {
        timer = clock.setTimeout(resolve, maxMs)
      })
      const notice = clock.setTimeout(slow, slowMs)
      await Promise.race([empty(), over])
      clock.clearTimeout(timer)
      clock.clearTimeout(notice)
    },
  }
}
