import { checkLength, type FakeClock } from './clock.ts'

/**
 * How time passes in a test: it stands still while any handler works. When all that is under way only waits for time, it
 * goes on to the end of the first wait by itself: otherwise a message that waits for another one would wait for ever.
 */
export interface Pace {
  /** Count a handler until it is through. */
  readonly work: <Result>(run: () => Promise<Result>) => Promise<Result>
  /** Sleep, on the clock. */
  readonly wait: (ms: number) => Promise<void>
  /** Let handlers go on until all of them are through, or wait for time or for the test itself. */
  readonly quiet: () => Promise<void>
  readonly advance: (ms: number) => Promise<void>
  /** Something was begun that may wait for time. */
  readonly look: () => void
}

/** `isBusy`: whether anything is under way at all. */
export const makePace = (clock: FakeClock, isBusy: () => boolean): Pace => {
  let working = 0
  let asleep = 0
  /** Rises with all that happens. */
  let beat = 0
  let isLooking = false

  const isStill = () => working <= asleep

  /** See in a while whether time has to go on. One look at a time is enough. */
  const look = () => {
    beat++
    if (isLooking) return
    isLooking = true
    setImmediate(() => {
      isLooking = false
      const at = clock.next()
      if (at === undefined || !isStill() || !(asleep > 0 || isBusy())) return
      clock.step(at)
      look()
    })
  }

  const quiet = async () => {
    let seen = -1
    let turns = 0
    await turn()
    while (!isStill() && turns < PATIENT_TURNS) {
      turns = seen === beat ? turns + 1 : 0
      seen = beat
      // Code that is loaded at its first use comes from a disk.
      await (turns < BUSY_TURNS ? turn() : aMoment())
    }
  }

  return {
    work: async (run) => {
      working++
      try {
        return await run()
      } finally {
        working--
        if (isStill()) look()
        else beat++
      }
    },
    wait: (ms) =>
      new Promise<void>((resolve) => {
        asleep++
        clock.setTimeout(() => {
          asleep--
          beat++
          resolve()
        }, ms)
        if (isStill()) look()
      }),
    look,
    quiet,
    advance: async (ms) => {
      checkLength(ms)
      const until = clock.now() + ms
      await quiet()
      while (clock.step(until)) await quiet()
    },
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const aMoment = () => new Promise<void>((resolve) => setTimeout(resolve, 1))

/** So many turns of the event loop without anything new, and a handler is taken to wait for its test. */
const BUSY_TURNS = 20
const PATIENT_TURNS = 60
