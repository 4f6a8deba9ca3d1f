import { fstatSync } from 'node:fs'
import { outlive } from './outlive.ts'

interface Closable {
  readonly close: () => Promise<void>
}

/**
 * Wait for Ctrl-C, or for the terminal or whoever started this to go away, then close the gateway: its connections are
 * closed, and `$disconnect` runs for each. A second Ctrl-C ends the process at once. One that is still being started has
 * nothing to close.
 */
export const untilInterrupted = async (
  gateway: Closable | Promise<Closable>,
  log: (text: string) => void = console.error,
): Promise<void> => {
  const leave = outlive(log)
  const interrupted = untilInterrupt(log, leave)
  try {
    const running = await Promise.race([gateway, interrupted])
    if (!running) return
    await interrupted
    await running.close()
  } finally {
    leave()
  }
}

const untilInterrupt = (log: (text: string) => void, leave: () => void) =>
  new Promise<void>((resolve) => {
    let interruptedAt: number | undefined
    const interrupt = () => {
      // Under npx or tsx one Ctrl-C arrives twice: from the terminal and from the parent. Nobody types that fast.
      if (interruptedAt !== undefined && performance.now() - interruptedAt < SAME_CTRL_C_MS) return
      if (interruptedAt !== undefined) {
        leave()
        process.exit(130)
      }
      interruptedAt = performance.now()
      log('Closing. Ctrl-C again to end at once.')
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
    whenLeft(interrupt)
  })

const SAME_CTRL_C_MS = 100

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
