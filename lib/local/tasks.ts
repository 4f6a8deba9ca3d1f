import type { Clock } from './options.ts'

/** What is under way. */
export interface Tasks {
  /** Count a piece of work until it settles. */
  readonly add: <Result>(work: Promise<Result>) => Promise<Result>
  /** Wait until nothing is under way, or until the time is over. */
  readonly settled: (ms: number, clock: Clock) => Promise<void>
}

export const makeTasks = (): Tasks => {
  const under = new Set<Promise<unknown>>()
  const empty = async () => {
    // Work begets work: a handshake that completes late still has its farewell to deliver.
    while (under.size > 0) await Promise.allSettled(under)
  }
  return {
    add: (work) => {
      under.add(work)
      const done = () => under.delete(work)
      work.then(done, done)
      return work
    },
    settled: async (ms, clock) => {
      let timer: unknown
      const over = new Promise<void>((resolve) => {
        timer = clock.setTimeout(resolve, ms)
      })
      await Promise.race([empty(), over])
      clock.clearTimeout(timer)
    },
  }
}
