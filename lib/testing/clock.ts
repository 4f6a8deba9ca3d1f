/** Time that passes when it is told to. */
export interface FakeClock {
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly setTimeout: (run: () => void, ms: number) => unknown
  readonly clearTimeout: (timer: unknown) => void
  /** When the next timer is due, in epoch milliseconds; `undefined` where there is none. */
  readonly next: () => number | undefined
  /** Go on to the next timer, no further than `until`, and run it. `false`: there was none, and it is `until` now. */
  readonly step: (until: number) => boolean
  /** Let so many milliseconds pass, and run what is due meanwhile. With a gateway: `gateway.advance`. */
  readonly advance: (ms: number) => void
}

/**
 * A clock that stands still until it is told to go on. `testGateway` makes one by itself; to share it with a store or an
 * application of yours, make it first.
 *
 * ```ts
 * const clock = fakeClock()
 * const gateway = testGateway(chat, { clock })
 * ```
 *
 * Timers that are due at the same time run in the order in which they were set. Starts at the first of January 2026.
 */
export const fakeClock = (startsAt = Date.UTC(2026, 0, 1)): FakeClock => {
  let now = startsAt
  let count = 0
  let cleared = 0
  let heap: Timer[] = []

  const head = (): Timer | undefined => {
    while (heap[0] && !heap[0].run) {
      pop(heap)
      cleared--
    }
    return heap[0]
  }
  const step = (until: number): boolean => {
    const timer = head()
    if (!timer || timer.at > until) {
      now = Math.max(now, until)
      return false
    }
    pop(heap)
    now = Math.max(now, timer.at)
    const { run } = timer
    timer.run = undefined
    run?.()
    return true
  }
  return {
    now: () => now,
    setTimeout: (run, ms) => {
      // In whole milliseconds, as timers are everywhere: times in epoch milliseconds stay whole numbers.
      const timer: Timer = { at: now + (ms > 0 ? Math.trunc(ms) : 0), order: count++, run }
      push(heap, timer)
      return timer
    },
    clearTimeout: (timer) => {
      if (!isTimer(timer) || !timer.run) return
      timer.run = undefined
      cleared++
      // Most timers are cleared long before they are due, and would stay until then.
      if (cleared < MIN_CLEARED || cleared * 2 < heap.length) return
      heap = heap.filter(({ run }) => run).sort((a, b) => (isBefore(a, b) ? -1 : 1))
      cleared = 0
    },
    next: () => head()?.at,
    step,
    advance: (ms) => {
      checkLength(ms)
      const until = now + ms
      while (step(until));
    },
  }
}

/** Refuse what time cannot go on by, before it does: to an end that never comes all timers would be due. */
export const checkLength = (ms: unknown): void => {
  if (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0) return
  throw new RangeError(`advance: time goes on by a number of milliseconds of 0 or more, not by ${String(ms)}.`)
}

interface Timer {
  readonly at: number
  readonly order: number
  /** `undefined`: cleared, or has run. */
  run: (() => void) | undefined
}

const isTimer = (value: unknown): value is Timer => typeof value === 'object' && value !== null && 'order' in value

const MIN_CLEARED = 1_000

const isBefore = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.order < b.order)

/** A binary heap: a list in which each item stands before the two at twice its place. */
const push = (heap: Timer[], timer: Timer) => {
  let at = heap.push(timer) - 1
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]
    if (!parent || isBefore(parent, timer)) break
    heap[at] = parent
    at = above
  }
  heap[at] = timer
}

const pop = (heap: Timer[]) => {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let at = 0
  for (;;) {
    const left = heap[2 * at + 1]
    const right = heap[2 * at + 2]
    const [child, below] = right && left && isBefore(right, left) ? [right, 2 * at + 2] : [left, 2 * at + 1]
    if (!child || isBefore(last, child)) break
    heap[at] = child
    at = below
  }
  heap[at] = last
}
