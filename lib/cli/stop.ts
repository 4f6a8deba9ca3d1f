import { fstatSync } from 'node:fs'
import { inspect } from 'node:util'

/**
 * Wait for Ctrl-C, or for the terminal or whoever started this to go away, then close the gateway: its connections are
 * closed, and `$disconnect` runs for each. A second Ctrl-C ends the process at once.
 */
export const untilInterrupted = (
  gateway: { readonly close: () => Promise<void> },
  log: (text: string) => void = console.error,
): Promise<void> =>
  new Promise((resolve, reject) => {
    let interruptedAt: number | undefined
    const interrupt = () => {
      // Under npx or tsx one Ctrl-C arrives twice: from the terminal and from the parent.
      if (interruptedAt !== undefined && Date.now() - interruptedAt < SAME_CTRL_C_MS) return
      if (interruptedAt !== undefined) process.exit(130)
      interruptedAt = Date.now()
      log('Closing. Ctrl-C again to end at once.')
      gateway.close().then(resolve, reject)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
    whenLeft(interrupt)
    process.on('unhandledRejection', (error) => log(`${STRAY}\n${inspect(error)}`))
  })

const SAME_CTRL_C_MS = 500
const STRAY = 'A promise of the handler was rejected and nobody waited for it. On Lambda this ends the instance.'

const whenLeft = (left: () => void) => {
  // A terminal that is closed cannot be written to.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  if (isHeldByStarter()) process.stdin.once('end', left).resume()
}

/** A pipe ends with whoever holds its other end. A terminal tells by SIGHUP, and /dev/null is at its end from the start. */
const isHeldByStarter = () => {
  try {
    const stdin = fstatSync(0)
    return stdin.isFIFO() || stdin.isSocket()
  } catch {
    // It was closed before this began, as some supervisors do.
    return false
  }
}
