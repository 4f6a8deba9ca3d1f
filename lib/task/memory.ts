import type { Tasking } from '../types/task.ts'
import { inProcess } from './in-process.ts'
import { waitOf } from './pulse.ts'
import { tasksBy } from './tasks.ts'

/**
 * Run tasks in this process, in the background: for laptops, tests and servers of one process.
 *
 * ```ts
 * import { memoryTasks } from 'ws-interlock/task/memory'
 *
 * ws().store(store).task('report', Report, { queue: memoryTasks() }, async ({ data, progress }) => { … })
 * ```
 *
 * A task that fails by what is no `WsError` is tried again after 30 seconds, up to its `attempts`, and the log says why.
 * What runs or waits is lost with the process, and does not keep that from ending. On Lambda, which freezes a process
 * between two invocations, it is a mistake, and `warn` says so (`MEMORY_TASKS_ON_LAMBDA`).
 */
export const memoryTasks = (): Tasking => {
  const queue = inProcess({ work: (attempt) => attempt(), wait: (plan, ms) => waitOf(plan).after(ms) })
  let isFirst = true
  return tasksBy({
    send: (job, plan) => {
      if (isFirst && process.env.AWS_LAMBDA_FUNCTION_NAME) plan.warn({ code: 'MEMORY_TASKS_ON_LAMBDA', ...ON_LAMBDA })
      isFirst = false
      return queue.send(job, plan)
    },
  })
}

const ON_LAMBDA = {
  message: 'Tasks run in the process on Lambda, which freezes it as soon as a message is answered.',
  fix: "Have a worker run them: sqsTasks() of 'ws-interlock/task/sqs'.",
}
