import type { Plan } from '../flow/plan.ts'
import { attemptTask } from './attempt.ts'
import { endTask, INTERNAL, tellEnd } from './end.ts'
import { decidedOf, portsOf } from './kept.ts'
import { type Lease, takeLease } from './lease.ts'
import { beat } from './pulse.ts'
import { type Attempt, type Begun, type Ended, keysOf, type Task, type TaskJob, tasksOf } from './task.ts'

/**
 * Work on a task: run it, unless it has ended, and tell how it ended. `true`: it is done with. `false`: its job is to come
 * again, or has come so often that it belongs into a dead-letter queue.
 *
 * Rejects where the store or the gateway did not answer, to be called again; and with a TypeError, in a sentence, for a job
 * that this application has not begun.
 */
export const workOn = async (plan: Plan, job: TaskJob, given: Attempt): Promise<boolean> => {
  const { taskId, name } = job
  // Too late to begin anything: Lambda is about to kill this worker.
  if (given.lifetime.remainingMs() <= TOO_LATE_MS) return false
  const { blobs } = portsOf(plan)
  const keys = keysOf(taskId)
  const task = tasksOf(plan).get(name)
  const [begun, lease] = await Promise.all([blobs.get(keys.begun), takeLease(blobs, keys.run)])
  const doing: Doing = { plan, job, given, task, look: async () => {}, lost: () => {} }
  if (lease) hold(doing)
  const still = lease && beat(plan, BEAT_MS, heart(doing, lease), given.pulse)
  try {
    checkBegun(job, begun)
    // Once the lease is taken: who had it before may have ended the task a moment ago.
    const [ended, cancelled] = await Promise.all([decidedOf(plan, taskId), blobs.get(keys.cancel)])
    if (ended) return await tellAgain(doing, ended)
    // Somebody else runs it. Where that one has died, its lease is over by the time that the job comes again.
    if (!lease) return false
    if (cancelled === undefined) return await goOn(doing)
    await endTask(plan, task, job, { state: 'cancelled' })
    return true
  } finally {
    await still?.()
    await lease?.release().catch(console.error)
  }
}

/** Somebody at work on a job. */
export interface Doing {
  readonly plan: Plan
  readonly job: TaskJob
  readonly given: Attempt
  readonly task: Task | undefined
  /** What is looked at every so often while the task runs. */
  look: () => Promise<void>
  /** Called when somebody else has the task. */
  lost: () => void
}

const goOn = async (doing: Doing): Promise<boolean> => {
  const { plan, job, given, task } = doing
  const nth = await nthOf(given)
  const isLast = nth >= job.attempts
  const failed = async (why: unknown, isOver: boolean) => {
    complain(job, nth, why)
    if (isOver) await endTask(plan, task, job, INTERNAL)
    return false
  }
  // Each time its worker was killed, or could not say how it went.
  if (nth > job.attempts) return failed(new Error('None of them came to an end.'), true)
  // A deploy that is on its way may know it.
  if (!task) return failed(new TypeError(`This deploy has no such task, but ${namesIn(plan)}.`), isLast)
  const came = await attemptTask(doing, task, nth)
  if ('failure' in came) return failed(came.failure, isLast)
  if (came.state === 'lost') return false
  await endTask(plan, task, job, came)
  return true
}

/** Of a job that comes again after the end of its task: what is left is to say so. */
const tellAgain = async ({ plan, job, given, task }: Doing, ended: Ended): Promise<boolean> => {
  await tellEnd(plan, task, job, ended)
  const isSpent = ended.state === 'failed' && ended.error.code === 'INTERNAL'
  // One that failed whenever it was tried goes where such jobs are kept.
  return !(isSpent && (await nthOf(given)) > job.attempts)
}

/** What is done beside the work: the task and its job are kept from others, and somebody may want it to stop. */
const heart = (doing: Doing, lease: Lease) => {
  let beats = 0
  return async () => {
    if (++beats % KEEPING_BEATS === 0) {
      hold(doing)
      if (!(await lease.renew())) doing.lost()
    }
    await doing.look()
  }
}

/** Keep the job from other workers for a minute more. The task goes on where that fails, and may then run twice. */
const hold = ({ given: { record }, task }: Doing): void => {
  if (record) task?.queue.hold?.(record, HOLD_SECONDS).catch(console.error)
}

const nthOf = async ({ attempt }: Attempt) => (typeof attempt === 'number' ? attempt : attempt())
const namesIn = (plan: Plan) => [...tasksOf(plan).keys()].map((name) => `'${name}'`).join(', ') || 'none'

/** Whoever may write to the queue may not have that run which nobody has asked for. */
const checkBegun = ({ taskId, name, connectionId }: TaskJob, text: string | undefined) => {
  const begun: Partial<Begun> = text === undefined ? {} : JSON.parse(text)
  if (begun.name === name && begun.connectionId === connectionId) return
  throw new TypeError(
    `No task '${name}' with the id '${taskId}' has begun for the connection '${connectionId}', or it is over for longer than it is kept.`,
  )
}

const complain = ({ taskId, name, attempts }: TaskJob, nth: number, cause: unknown) => {
  const why = cause instanceof Error ? cause.message : String(cause)
  console.error(
    new Error(`The task '${name}' (${taskId}) has failed at attempt ${nth} of ${attempts}: ${why}`, { cause }),
  )
}

/** A task would be told to stop before it has begun: see `Lifetime`. */
const TOO_LATE_MS = 500
/** So soon a task hears that it is to stop. */
const BEAT_MS = 5_000
const KEEPING_BEATS = 3
/**
 * The job of a worker that was killed comes again after this long, and not after the queue's visibility timeout, which is
 * no less than the function's timeout: up to 15 minutes.
 */
const HOLD_SECONDS = 60
