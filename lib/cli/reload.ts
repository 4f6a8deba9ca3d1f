import { MODULE, shown } from './file.ts'
import type { Watcher } from './watch.ts'

export interface Reloading {
  readonly file: string
  readonly load: () => Promise<void>
  readonly watcher: Watcher
  /** How many connections are open. */
  readonly connections: () => number
  readonly log: (text: string) => void
}

/** Load the file again, one time after another, and say what came of it. What changes meanwhile is loaded after that. */
export const reloader = ({ file, load, watcher, connections, log }: Reloading): (() => void) => {
  let isRunning = false
  let isOutdated = false

  const reload = async () => {
    const begunAt = performance.now()
    try {
      await load()
      watcher.beEager(undefined)
      log(`Reloaded ${shown(file)} (${Math.round(performance.now() - begunAt)} ms)${kept(connections())}`)
    } catch (error) {
      // The fault may be cured in a file that was never reached.
      watcher.beEager((path) => MODULE.test(path))
      log(`${error instanceof Error ? error.message : String(error)}\n${STAYS}`)
    }
  }
  const run = async () => {
    if (isRunning) return
    isRunning = true
    do {
      isOutdated = false
      await reload()
    } while (isOutdated)
    isRunning = false
  }
  return () => {
    isOutdated = true
    run()
  }
}

const STAYS = 'What was loaded before runs on, until a save that can be loaded.'

const kept = (count: number) => (count === 0 ? '' : `, ${count} ${count === 1 ? 'connection' : 'connections'} kept`)
