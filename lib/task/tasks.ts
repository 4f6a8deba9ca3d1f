import { needFunctions, needKeys } from '../mistakes.ts'
import type { Tasking } from '../types/task.ts'
import { declare } from './declare.ts'
import type { TaskJob, TaskQueue } from './task.ts'

export type { TaskJob } from './task.ts'

export interface TasksOptions {
  /**
   * Have a job done by somebody: put it where a worker finds it, as JSON. A rejection says that it may not be there; the
   * client is then told to send its message again.
   */
  readonly send: (job: TaskJob) => Promise<unknown>
  /**
   * Keep a job that is being worked on from other workers for so many seconds from now on, where a worker takes it from an
   * SQS queue. @default nothing is done
   */
  readonly hold?: (record: { readonly receiptHandle: string }, seconds: number) => Promise<unknown>
}

/**
 * Run tasks by anything that carries JSON to a worker: an asynchronous invocation of Lambda, a state machine of Step
 * Functions, a queue of another make. The worker is `runTask(app)` of `ws-interlock/worker`.
 *
 * ```ts
 * import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
 * import { tasks } from 'ws-interlock/task'
 *
 * const lambda = new LambdaClient()
 * const queue = tasks({
 *   send: (job) =>
 *     lambda.send(new InvokeCommand({ FunctionName: 'reports', InvocationType: 'Event', Payload: JSON.stringify(job) })),
 * })
 * ws().store(store).task('report', Report, { queue, attempts: 2 }, async ({ data, progress }) => { … })
 * ```
 *
 * - `attempts` is one less than the times that the worker is invoked, so that a task which is killed at its last attempt is
 *   ended by one that comes after: 2 for Lambda, which invokes a function 3 times at most; in a state machine `MaxAttempts`
 *   is `attempts`.
 * - A job is what the route's schema made of the data, as JSON, and some 400 bytes besides: dates arrive as texts. Up to
 *   262,144 bytes, the `authorizer` included that the store keeps for the task; a message whose job is larger is refused
 *   with `RESOURCE_EXHAUSTED`.
 * - `send` may be called twice with one job, and a worker may be given it twice: the same `taskId` is run by one worker at
 *   a time, and never again after its end.
 *
 * For SQS there is `sqsTasks()` of `ws-interlock/task/sqs`. Throws a TypeError for options that are none.
 */
export const tasks = (options: TasksOptions): Tasking => {
  needKeys('tasks()', options, ['send', 'hold'])
  const { send, hold } = options
  needFunctions('tasks()', { send, ...(hold !== undefined && { hold }) })
  return tasksBy({
    send: async (job) => void (await send(job)),
    ...(hold && { hold: async (record, seconds) => void (await hold(record, seconds)) }),
  })
}

/** Bring along what tasks need, with a queue for them. */
export const tasksBy = (queue: TaskQueue): Tasking => {
  const task = (...given: readonly unknown[]) => {
    const [parts, name, spec, options, run] = given as Declaring // lib/compile/parts.ts calls it
    return declare(queue, parts, name, spec, options, run)
  }
  return { '~task': task as Tasking['~task'] }
}

type Declaring = Parameters<typeof declare> extends [TaskQueue, ...infer Rest] ? Rest : never
