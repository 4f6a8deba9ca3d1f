import { ResourceExhaustedError, UnavailableError } from '../errors.ts'
import type { MessageContext, Out } from '../flow/context.ts'
import { send } from '../flow/deliver.ts'
import { report } from '../flow/report.ts'
import { later } from '../store/later.ts'
import type { Blobs } from '../store/store.ts'
import type { KeptConnection } from '../types/context.ts'
import type { Declarations } from '../types/declarations.ts'
import { endOf, outOf, RETRY_MS } from './ask.ts'
import { portsOf } from './kept.ts'
import { type Begun, keysOf, openSeconds, type Task, type TaskJob, type Told } from './task.ts'

/**
 * Begin a task: the handler of its route. What is kept of it is written before its job is sent, and under a protocol the
 * job leaves once the message is stored. A message that comes again begins nothing.
 */
export const start = async (task: Task, context: object): Promise<{ readonly taskId: string }> => {
  const out = outOf(context)
  const { blobs } = portsOf(out.plan)
  const asked = jobOf(task, out, context as MessageContext) // since only that has an Out
  const { job, mark } = asked
  const { taskId, isSent } = await begin(blobs, asked)
  const begun = { ...job, taskId }
  const isStored = out.box.shut
  if (isSent) await hearAgain(blobs, out, begun)
  else await out.box.send(() => leave({ task, out, blobs, job: begun, mark, isStored }))
  return { taskId }
}

/** A task that is not known yet. */
interface Asked {
  readonly job: TaskJob
  readonly who: Who
  /** By this its message is known when it comes again. Without an id of its own no message does. */
  readonly mark: string | undefined
}

type Who = Pick<Begun, 'userId' | 'authorizer'>

const jobOf = (task: Task, { received, parsed }: Out, context: MessageContext): Asked => {
  const { data, idempotencyKey } = context
  const { name, attempts, keepMs } = task
  const { connectionId, event } = received
  const { apiId, stage, domainName } = event.requestContext
  const crypto = process.getBuiltinModule('node:crypto')
  const said = jsonOf(data, `What the schema of the task '${name}' makes of the data`)
  // By what it says too: a peer may use an id of its own again, and for another message.
  const digest = crypto.createHash('sha256').update(`${name} ${said}`).digest('base64url').slice(0, DIGITS)
  const key = `${idempotencyKey}/${digest}`
  const job: TaskJob = {
    kind: 'task',
    // By chance that nobody passes in: who knows it may read the result, and cancel.
    taskId: crypto.randomUUID(),
    name,
    ...(said !== undefined && { data: JSON.parse(said) }),
    connectionId,
    api: { apiId, stage, domainName },
    idempotencyKey: key,
    attempts,
    keepMs,
  }
  const who = whoOf(context)
  const bytes = Buffer.byteLength(JSON.stringify({ ...job, ...who }))
  if (bytes > MAX_JOB_BYTES)
    throw new ResourceExhaustedError(
      `The task '${name}' takes ${bytes} bytes in its queue; ${MAX_JOB_BYTES} are carried. Keep what is large elsewhere, and say where.`,
      { details: { bytes, maxBytes: MAX_JOB_BYTES } },
    )
  return { job, who, mark: parsed.id === undefined ? undefined : `task-of/${key}` }
}

/** Who asks for it, as far as the message knows. */
const whoOf = ({ connection, authorizer }: MessageContext): Who => {
  const { userId }: Partial<KeptConnection<Declarations>> = connection // as the store has it
  const said = jsonOf(authorizer, 'What .authorizer() makes of its context')
  return { ...(userId !== undefined && { userId }), ...(said !== undefined && { authorizer: JSON.parse(said) }) }
}

const jsonOf = (value: unknown, what: string): string | undefined => {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new TypeError(`${what} is not JSON, and travels as such.`, { cause })
  }
}

/** The task of a message, and whether its job is known to be in the queue. */
interface Receipt {
  readonly taskId: string
  readonly isSent: boolean
}

/** Know the task by its message from now on; or know it again. */
const begin = async (blobs: Blobs, { job, who, mark }: Asked): Promise<Receipt> => {
  const { taskId, name, connectionId, api, keepMs } = job
  try {
    const isNew = mark === undefined || (await blobs.claim(mark, CLAIM_SECONDS))
    const receipt = isNew ? { taskId, isSent: false } : await receiptOf(blobs, mark)
    if (receipt.isSent) return receipt
    // Also where another attempt at the message was here: nobody knows how far it came.
    const begun: Begun = { name, connectionId, api, keepMs, ...who }
    await Promise.all([
      mark !== undefined && blobs.put(mark, receipt.taskId, openSeconds(keepMs)),
      blobs.put(keysOf(receipt.taskId).begun, JSON.stringify(begun), openSeconds(keepMs)),
    ])
    return receipt
  } catch (cause) {
    throw cause instanceof UnavailableError ? cause : new UnavailableError(UNKEPT, { cause, retryAfterMs: RETRY_MS })
  }
}

const receiptOf = async (blobs: Blobs, mark: string): Promise<Receipt> => {
  const [taskId, sent] = (await blobs.get(mark))?.split(' ') ?? []
  // Claimed a moment ago, by an attempt at the same message that is still under way or has failed.
  if (!taskId) throw new UnavailableError(UNDER_WAY, { retryAfterMs: RETRY_MS })
  return { taskId, isSent: sent !== undefined }
}

interface Leaving {
  readonly task: Task
  readonly out: Out
  readonly blobs: Blobs
  readonly job: TaskJob
  readonly mark: string | undefined
  /** The message has changed the state of its connection: it is too late to refuse it. */
  readonly isStored: boolean
}

/** Send the job. */
const leave = async ({ task, out, blobs, job, mark, isStored }: Leaving): Promise<void> => {
  const { plan, received } = out
  const { name, taskId, keepMs } = job
  const tell = (error: unknown) => report(plan, received, name, error)
  try {
    await task.queue.send(job, plan)
  } catch (cause) {
    if (!isStored) throw new UnavailableError(UNSENT, { cause, retryAfterMs: RETRY_MS })
    const { endTask } = await ending()
    const error = { code: 'UNAVAILABLE', message: 'The task could not be put into its queue.' } as const
    await endTask(plan, task, job, { state: 'failed', error }).catch(tell)
    throw new Error(`The task '${name}' ends as failed: its message was stored, and its job could not be sent.`, {
      cause,
    })
  }
  // Without it the same message sends the same job again, and whoever finds that the task runs or has ended leaves it.
  if (mark !== undefined) await blobs.put(mark, `${taskId} sent`, openSeconds(keepMs)).catch(tell)
}

/** Loaded with the first task that cannot be begun. */
const ending = later(() => import('./end.ts'))

/**
 * Who repeats a message has not heard of its task: not even of its end, where that was told. From now on it is told: it
 * began the task, or has taken over from the connection that did.
 */
const hearAgain = async (blobs: Blobs, out: Out, { taskId, name }: TaskJob): Promise<void> => {
  const { plan, received, box } = out
  const ended = await endOf(blobs, taskId)
  if (!ended) return
  const told: Told = { taskId, name, ...ended }
  await box.send(async () => void (await send(plan, received, received.connectionId, plan.codec.push('$task', told))))
}

/** 96 bits: far more than it takes to tell messages under one id from each other. */
const DIGITS = 16
/** So long an attempt may take to say which task it has begun. Another one waits meanwhile. */
const CLAIM_SECONDS = 10
/** What Step Functions takes, and SQS everywhere: AWS raised it to 1 MiB for SQS alone in August 2025. */
const MAX_JOB_BYTES = 262_144

const UNDER_WAY = 'This message is being handled. Send it again with the same id.'
const UNKEPT = 'The store did not answer, and no task was begun. Send the message again with the same id.'
const UNSENT = 'The task could not be put into its queue. Send the message again with the same id.'
