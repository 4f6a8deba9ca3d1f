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
  /** Do something in a turn of its own, as what comes over a network does, and count it until then. */
  readonly soon: (run: () => void) => void
}

/** `isBusy`: whether anything is under way at all. */
export const makePace = (clock: FakeClock, isBusy: () => boolean): Pace => {
  let working = 0
  let asleep = 0
  /** Rises with all that happens. */
  let beat = 0
  let isLooking = false
  /** Whether there are sockets at all, and one was told of something, so that its client may still be at it. */
  let hasSockets = false
  let isStirred = false

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
    for (;;) {
      await untilStill()
      if (!isStirred) return
      isStirred = false
      // Clients do some of their work elsewhere, such as inflating, and nobody can tell.
      for (let moments = 0; !isStirred && isStill() && moments < MOMENTS; moments++) await aMoment()
    }
  }

  const untilStill = async () => {
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
    soon: (run) => {
      working++
      setImmediate(() => {
        hasSockets = true
        isStirred = true
        try {
          run()
        } finally {
          working--
          if (isStill()) look()
          else beat++
        }
      })
    },
    quiet,
    advance: async (ms) => {
      checkLength(ms)
      const until = clock.now() + ms
      await quiet()
      while (clock.step(until)) {
        // The timer may have been a client's.
        isStirred ||= hasSockets
        await quiet()
      }
    },
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const aMoment = () => new Promise<void>((resolve) => setTimeout(resolve, 1))

/** Of a millisecond, at least: a thread that inflates 100 KB takes less. */
const MOMENTS = 2

/** So many turns of the event loop without anything new, and a handler is taken to wait for its test. */
const BUSY_TURNS = 20
const PATIENT_TURNS = 60
