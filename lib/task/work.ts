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
  if (given.lifetime.remainingMs() <= TOO_LATE_MS) return handBack(job, 'this worker has no time left')
  const { blobs } = portsOf(plan)
  const keys = keysOf(taskId)
  // Before its lease is taken: whoever makes up a job keeps nobody from the task.
  const begun = begunOf(job, await blobs.get(keys.begun))
  const doing: Doing = { plan, job, given, begun, task: tasksOf(plan).get(name), look: async () => {}, lost: () => {} }
  const { task } = doing
  let lease: Lease | undefined
  let still = async () => {}
  try {
    lease = await takeLease(blobs, keys.run)
    if (lease) still = keep(doing, lease)
    // Once the lease is taken: who had it before may have ended the task a moment ago.
    const [ended, cancelled] = await Promise.all([decidedOf(plan, taskId), blobs.get(keys.cancel)])
    if (ended) return await tellAgain(doing, ended)
    // Somebody else runs it. Where that one has died, its lease is over by the time that the job comes again.
    if (!lease) return handBack(job, 'another worker has it')
    if (cancelled === undefined) return await goOn(doing)
    await endTask(plan, task, job, { state: 'cancelled' })
    return true
  } finally {
    await still()
    await lease?.release().catch(console.error)
  }
}

/** Somebody at work on a job. */
export interface Doing {
  readonly plan: Plan
  readonly job: TaskJob
  readonly given: Attempt
  readonly begun: Begun
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
  if (nth > job.attempts)
    return failed(new Error(`Its job was handed out ${nth} times, and no attempt came to an end.`), true)
  // A deploy that is on its way may know it.
  if (!task) return failed(new TypeError(`This deploy has no such task, but ${namesIn(plan)}.`), isLast)
  const came = await attemptTask(doing, task, nth)
  if ('state' in came && came.state === 'lost') return handBack(job, 'another worker has it by now')
  const isCancelled = await isToStop(doing)
  if ('failure' in came && !isCancelled) return failed(came.failure, isLast)
  await endTask(plan, task, job, isCancelled || 'failure' in came ? { state: 'cancelled' } : came)
  return true
}

/** Asked once more when the function has come to its end: its last look at the wish was a while ago. */
const isToStop = async ({ plan, job }: Doing): Promise<boolean> => {
  try {
    return (await portsOf(plan).blobs.get(keysOf(job.taskId).cancel)) !== undefined
  } catch (error) {
    // What has taken an hour is not to be done again for that.
    console.error(error)
    return false
  }
}

/** Its job is to come again, which is no failure. */
const handBack = ({ taskId, name }: TaskJob, why: string): false => {
  console.error(`The task '${name}' (${taskId}) is left for later: ${why}.`)
  return false
}

/** Of a job that comes again after the end of its task: what is left is to say so. */
const tellAgain = async ({ plan, job, given, task }: Doing, ended: Ended): Promise<boolean> => {
  await tellEnd(plan, task, job, ended)
  const isSpent = ended.state === 'failed' && ended.error.code === 'INTERNAL'
  // One that failed whenever it was tried goes where such jobs are kept.
  return !(isSpent && (await nthOf(given)) > job.attempts)
}

/**
 * What is done beside the work, until what is returned is called: the task and its job are kept from others, and somebody
 * may want it to stop. Apart, so that a gateway that is slow to answer a look does not cost the lease.
 */
const keep = (doing: Doing, lease: Lease): (() => Promise<void>) => {
  const { plan, given } = doing
  hold(doing)
  const renew = async () => {
    hold(doing)
    if (!(await lease.renew())) doing.lost()
  }
  const keeping = beat(plan, KEEP_MS, renew, given.pulse)
  const looking = beat(plan, LOOK_MS, () => doing.look(), given.pulse)
  return async () => void (await Promise.all([keeping(), looking()]))
}

/** Keep the job from other workers for a minute more. The task goes on where that fails, and may then run twice. */
const hold = ({ given: { record }, task }: Doing): void => {
  if (record) task?.queue.hold?.(record, HOLD_SECONDS).catch(console.error)
}

const nthOf = async ({ attempt }: Attempt) => (typeof attempt === 'number' ? attempt : attempt())
const namesIn = (plan: Plan) => [...tasksOf(plan).keys()].map((name) => `'${name}'`).join(', ') || 'none'

/** Whoever may write to the queue may not have that run which nobody has asked for. */
const begunOf = ({ taskId, name, connectionId, api }: TaskJob, text: string | undefined): Begun => {
  const begun: Begun | undefined = text === undefined ? undefined : JSON.parse(text)
  const isThere = begun && API.every((part) => begun.api[part] === api[part])
  if (isThere && begun.name === name && begun.connectionId === connectionId) return begun
  throw new TypeError(
    `No task '${name}' with the id '${taskId}' has begun for the connection '${connectionId}', or it is over for longer than it is kept.`,
  )
}

const complain = ({ taskId, name, attempts }: TaskJob, nth: number, cause: unknown) => {
  const why = cause instanceof Error ? cause.message : String(cause)
  const when = nth > attempts ? 'for good' : `at attempt ${nth} of ${attempts}`
  console.error(new Error(`The task '${name}' (${taskId}) has failed ${when}: ${why}`, { cause }))
}

const API = ['apiId', 'stage', 'domainName'] as const
/** A task would be told to stop before it has begun: see `Lifetime`. */
const TOO_LATE_MS = 500
/** So soon a task hears that it is to stop. */
const LOOK_MS = 2_000
/** So often the lease of a task, and its job, are kept anew: three times while the lease lasts. */
const KEEP_MS = 15_000
/**
 * The job of a worker that was killed comes again after this long, and not after the queue's visibility timeout, which is
 * no less than the function's timeout: up to 15 minutes.
 */
const HOLD_SECONDS = 60
