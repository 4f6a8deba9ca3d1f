import { WsError } from '../errors.ts'
import type { Lifetime } from '../flow/lifetime.ts'
import { reach } from '../flow/reach.ts'
import { valid } from '../schema.ts'
import type { TaskFacts } from '../types/task.ts'
import { INTERNAL } from './end.ts'
import { reporting, type Stop } from './progress.ts'
import type { Ended, Task } from './task.ts'
import type { Doing } from './work.ts'

/** What an attempt came to: how the task ends, a failure after which it is tried again, or nothing that is its own. */
export type Came = Ended | { readonly failure: unknown } | { readonly state: 'lost' }

/** Run the function of a task, until it is through or there is no time left. */
export const attemptTask = async (doing: Doing, task: Task, nth: number): Promise<Came> => {
  const { plan, job, given, begun } = doing
  const { lifetime, lambda } = given
  const { taskId, name, data, connectionId, api, idempotencyKey } = job
  const controller = new AbortController()
  const { signal } = controller
  let stopped: Stop | 'lost' | undefined
  const stop = (why: Stop | 'lost') => {
    stopped ??= why
    controller.abort(new DOMException(REASONS[why], 'AbortError'))
  }
  const reports = reporting({ plan, task, job, lifetime, signal, stop })
  doing.look = reports.look
  doing.lost = () => stop('lost')
  const dying = untilDying(lifetime, controller)
  const context: TaskFacts & { readonly server: unknown } = {
    phase: 'task',
    taskId,
    name,
    data,
    connection: { id: connectionId, userId: begun.userId },
    authorizer: begun.authorizer,
    attempt: nth,
    idempotencyKey,
    progress: reports.progress,
    signal,
    lambda,
    server: plan.serverOf(reach(plan, api)),
  }
  const running = (async () => ({ result: await task.run(context) }))().catch((error: unknown) => ({ error }))
  const came = await Promise.race([running, dying.over])
  dying.forget()
  doing.look = async () => {}
  // Not where there is no time left: a step may be on its way for longer.
  if (came) await reports.end()
  if (stopped === 'lost') return { state: 'lost' }
  // Whatever its function made of the signal. Of one that has ended, too: what decides is how it has ended before.
  if (stopped) return { state: 'cancelled' }
  if (!came) return { failure: lifetime.signal.reason }
  return 'error' in came ? endedBy(came.error) : endedWith(task, taskId, came.result)
}

const REASONS: Readonly<Record<Stop | 'lost', string>> = {
  cancelled: 'The task was cancelled.',
  ended: 'The task has ended elsewhere.',
  lost: 'Another worker has the task.',
}

/** Abort shortly before Lambda kills this worker. It has little time then, and waits for nothing that was begun. */
const untilDying = ({ signal }: Lifetime, controller: AbortController) => {
  let abort = () => {}
  const over = new Promise<undefined>((resolve) => {
    abort = () => {
      controller.abort(signal.reason)
      resolve(undefined)
    }
  })
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  // A worker's signal lives as long as its batch, and that may have many tasks.
  return { over, forget: () => signal.removeEventListener('abort', abort) }
}

/** A refusal is how the task ends; all else is a failure. */
const endedBy = (error: unknown): Came => {
  if (!(error instanceof WsError)) return { failure: error }
  // The owner hears of it, whoever else does.
  if (error.code === 'INTERNAL' || error.cause !== undefined) console.error(error)
  return { state: 'failed', error: error.toPeer() }
}

/** What was done is done: a result that is not what the route says is not made right by doing it again. */
const endedWith = async ({ name, reply }: Task, taskId: string, result: unknown): Promise<Came> => {
  try {
    return { state: 'done', result: reply ? await valid(reply, result, `The result of the task '${name}'`) : result }
  } catch (error) {
    console.error(new Error(`The task '${name}' (${taskId}) ends as failed.`, { cause: error }))
    return INTERNAL
  }
}
