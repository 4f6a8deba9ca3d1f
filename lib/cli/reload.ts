import type { Clock } from '../local/index.ts'
import { MODULE, shown } from './file.ts'
import type { Watcher } from './watch.ts'

export interface Reloading {
  readonly file: string
  /** `false`: a later load was there first, and nothing has changed. */
  readonly load: () => Promise<boolean>
  readonly watcher: Watcher
  /** How many connections are open. */
  readonly connections: () => number
  readonly log: (text: string) => void
  readonly clock: Clock
}

export interface Reloader {
  /** Load for the first time. Rejects where that fails, unless a save came meanwhile: then that one counts. */
  readonly begin: () => Promise<void>
  /** Something has changed. */
  readonly again: () => void
}

/** Load the file, one time after another, and say what came of it. What changes meanwhile is loaded after that. */
export const reloader = ({ file, load, watcher, connections, log, clock }: Reloading): Reloader => {
  let isRunning = false
  let isOutdated = false
  let isBegun = false
  let count = 0
  let grace: unknown
  let overtake = () => {}
  let begun = () => {}
  let failed = (_: unknown) => {}

  const attempt = async () => {
    const number = ++count
    const begunAt = performance.now()
    const slow = clock.setTimeout(() => log(`${shown(file)} ${SLOW} ${isBegun ? STAYS : NOTHING}`), SLOW_MS)
    try {
      if (!(await load())) return
      watcher.beEager(undefined)
      const ms = Math.round(performance.now() - begunAt)
      if (number > 1) log(`Reloaded ${shown(file)} (${ms} ms)${kept(connections())}`)
      isBegun = true
      begun()
    } catch (error) {
      // A later one was begun: nobody waits for this one any more.
      if (number < count) return
      if (!isBegun && !isOutdated && number === 1) return failed(error)
      // The fault may be cured in a file that was never reached.
      watcher.beEager((path) => MODULE.test(path))
      log(`${error instanceof Error ? error.message : String(error)}\n${isBegun ? STAYS : NOTHING}`)
    } finally {
      clock.clearTimeout(slow)
    }
  }
  const run = async () => {
    if (isRunning) return
    isRunning = true
    do {
      isOutdated = false
      const overtaken = new Promise<void>((resolve) => {
        overtake = resolve
      })
      await Promise.race([attempt(), overtaken])
      clock.clearTimeout(grace)
      grace = undefined
    } while (isOutdated)
    isRunning = false
  }
  return {
    begin: () =>
      new Promise((resolve, reject) => {
        begun = resolve
        failed = reject
        run()
      }),
    again: () => {
      isOutdated = true
      // A load that never ends must not keep a later one from its turn.
      if (isRunning) grace ??= clock.setTimeout(() => overtake(), GRACE_MS)
      else run()
    },
  }
}

const SLOW_MS = 5_000
const GRACE_MS = 500
const SLOW = 'is still being loaded after 5 s: what it awaits at its top level does not come.'
const STAYS = 'What was loaded before runs on, until a save that can be loaded.'
const NOTHING = 'Nothing runs until a save that can be loaded.'

const kept = (count: number) => (count === 0 ? '' : `, ${count} ${count === 1 ? 'connection' : 'connections'} kept`)
