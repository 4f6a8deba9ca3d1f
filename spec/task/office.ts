import { accept, type Store, type Tasking, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { memoryTasks } from 'ws-interlock/task/memory'
import { latch } from '../kit/wire.ts'
import { Report } from './desk.ts'

interface OfficeOptions {
  readonly store?: Store
  readonly queue?: Tasking
}

/** An application whose report says that it is half done, and waits to be let on, or to be stopped. */
export const office = ({ store = memory(), queue = memoryTasks() }: OfficeOptions = {}) => {
  const latches = { begun: latch(), go: latch() }
  const signals: AbortSignal[] = []
  const attempts: number[] = []
  const errors: unknown[] = []
  const app = ws({ warn: () => {} })
    .store(store)
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .task('report', Report, { queue }, async ({ data, progress, signal, attempt }) => {
      attempts.push(attempt)
      signals.push(signal)
      await progress(0.5, 'half')
      latches.begun.open()
      const stopped = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      )
      await Promise.race([latches.go.passed, stopped])
      return `${data.pages} pages`
    })
    .build()
  return { app, latches, signals, attempts, errors }
}
