import { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import { later } from '../store/later.ts'
import type { TaskJob, TaskQueue } from './task.ts'

/** How tasks pass their time in this process. */
export interface Doing {
  /** Have an attempt made. */
  readonly work: (attempt: () => Promise<void>) => Promise<void>
  /** Resolves after so many milliseconds, and holds nothing up. */
  readonly wait: (plan: Plan, ms: number) => Promise<void>
  /** The same for what beats beside a task. @default as `beat()` waits by itself */
  readonly pulse?: Doing['wait']
  /** Whether attempts are still made. @default always */
  readonly isOpen?: () => boolean
}

/** Do tasks in this process, in the background: each at once, and once more after a while where an attempt has failed. */
export const inProcess = ({ work, wait, pulse, isOpen = () => true }: Doing): TaskQueue => {
  // Begun outside of the message: what is known of that one's invocation, or ends with it, is none of the task's.
  const { AsyncResource } = process.getBuiltinModule('node:async_hooks')
  const outside = AsyncResource.bind((begin: () => void) => begin())

  const attempt = async (plan: Plan, text: string, nth: number): Promise<void> => {
    const job: TaskJob = JSON.parse(text)
    let isDone = false
    await work(async () => {
      // In a turn of its own, so that the message is usually answered first.
      await new Promise((resolve) => setImmediate(resolve))
      const lifetime = new Lifetime(UNENDING)
      try {
        const { workOn } = await working()
        isDone = await workOn(plan, job, {
          attempt: nth,
          lifetime,
          ...(pulse && { pulse: (ms: number) => pulse(plan, ms) }),
        })
      } catch (error) {
        console.error(error)
      } finally {
        lifetime.end()
      }
    })
    // What has failed so often would be in a dead-letter queue now.
    if (isDone || nth >= job.attempts) return
    await wait(plan, VISIBILITY_MS)
    if (isOpen()) await attempt(plan, text, nth + 1)
  }
  return {
    send: async (job, plan) => {
      // As text, as in any queue.
      const text = JSON.stringify(job)
      outside(() => void attempt(plan, text, 1))
    },
  }
}

/** Loaded with the first task that runs here. */
const working = later(() => import('./work.ts'))

/** No Lambda kills it. A timer of Node that is set for longer fires at once. */
const UNENDING = { getRemainingTimeInMillis: () => 2 ** 31 - 1 } as ConstructorParameters<typeof Lifetime>[0] // all that is read of it

/** After this long a queue hands out again what was not deleted (SQS, visibility timeout, its default). */
const VISIBILITY_MS = 30_000
