import type { Context as LambdaContext, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { Lifetime } from './flow/lifetime.ts'
import type { Plan } from './flow/plan.ts'
import type { Tick } from './flow/state.ts'
import { need } from './mistakes.ts'
import type { Fanout } from './state/spread.ts'
import { later } from './store/later.ts'
import { type Attempt, keysOf, openSeconds, type TaskJob, tasksOf } from './task/task.ts'

/** What `.build()` returns. */
export type WorkerApp = ((event: never, context: never) => Promise<unknown>) & { readonly server: object }

/**
 * Make the Lambda handler of the queue that an application puts its work into: deadlines, large broadcasts and tasks. Of
 * several queues, too: whichever a record came from, what it asks for is done.
 *
 * ```ts
 * import { worker } from 'ws-interlock/worker'
 * import { chat } from './chat.ts'
 *
 * export const handler = worker(chat)
 * ```
 *
 * - The event source mapping must have `FunctionResponseTypes: [ReportBatchItemFailures]`. Without it Lambda does not read
 *   what is returned, and what failed is lost.
 * - A record that fails comes again by itself, up to the `maxReceiveCount` of the queue, and then goes to its dead-letter
 *   queue. To do a record twice does no harm: a peer may then get a broadcast twice, under the same `id`.
 * - A task is held for a minute at a time while it runs, so that the one of a worker that was killed comes again soon. Give
 *   tasks a queue of their own, and let `BatchSize` be 1: the records of a batch are deleted together, when the last one is
 *   through. One that has failed as often as it may is told to its client, and goes to the dead-letter queue all the same.
 *   Let `maxReceiveCount` be its `attempts` and one more: then a task whose worker is killed at the last attempt is
 *   ended, too.
 * - The function needs the application's store, `execute-api:ManageConnections`, `sqs:ReceiveMessage`,
 *   `sqs:DeleteMessage` and `sqs:GetQueueAttributes`, and `sqs:SendMessage`, since one deadline may be followed by another,
 *   and one part of a broadcast by smaller ones; for tasks `sqs:ChangeMessageVisibility`.
 * - Connections are reached where the event came from that started it all, in this function's region. With a custom
 *   gateway address, or for what `dispatch()` or a broadcast of `server` started, pass `ws({ endpoint })`.
 *
 * Throws a TypeError for an application that puts nothing into a queue.
 */
export const worker = (app: WorkerApp): Worker => {
  need(typeof app === 'function', 'The application, which .build() returns,', 'worker(app)')
  const jobs = jobsOf(app)
  need(jobs.size > 0, NOTHING, 'worker(app)')

  return async (event, context) => {
    const records = recordsOf(event)
    const failed: string[] = []
    const lifetime = new Lifetime(context)
    // Lanes that take from one row: whoever is slow holds up its own lane.
    const row = records.values()
    const lane = async () => {
      for (const record of row) if (!(await isDone(jobs, { record, lifetime, context }))) failed.push(record.messageId)
    }
    await Promise.all(Array.from({ length: Math.min(LANES, records.length) }, lane))
    lifetime.end()
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }
}

/** The handler of a queue. Its context says how much time there is; without one it is taken to be 30 s. */
export type Worker = (event: SQSEvent, context?: LambdaContext) => Promise<SQSBatchResponse>

/**
 * Make a function that runs one task: a Lambda handler for asynchronous invocations, and for a task state of Step Functions.
 * It is given the job as `tasks({ send })` was, and throws where the task is to be tried again.
 *
 * ```ts
 * import { runTask } from 'ws-interlock/worker'
 * import { chat } from './chat.ts'
 *
 * export const handler = runTask(chat)
 * ```
 *
 * - Which attempt it is, the store counts: neither of the two says so to a function.
 * - Let it be invoked once more than its task has `attempts`: a task that is killed at the last of them is ended by the
 *   invocation after that, and by nobody where there is none. Lambda invokes it 3 times, the second and third time after one
 *   and two minutes (`MaximumRetryAttempts: 2`, its largest): declare the task with `attempts: 2`. In Step Functions
 *   `MaxAttempts`, which counts what comes after the first time, is to be `attempts`; for the 3 that are the default
 *   `"Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 3 }]`.
 * - One whose last attempt has failed is told to its client, and throws all the same: what catches failures there, such as
 *   a destination or a dead-letter queue, gets it.
 *
 * Throws a TypeError for an application without tasks; what is returned rejects with one for what is no job.
 */
export const runTask = (app: WorkerApp): TaskRunner => {
  need(typeof app === 'function', 'The application, which .build() returns,', 'runTask(app)')
  const plan = planIn(app)
  if (!plan || tasksOf(plan).size === 0)
    throw new TypeError('A task, as .task(…) declares it, is missing in runTask(app).')

  return async (given, context) => {
    const { taskJobOf } = await reading()
    const job = taskJobOf(given)
    const isDone = await doOne(plan, job, { attempt: () => countIn(plan, job), lambda: context })
    if (!isDone) throw new Error(`The task '${job.name}' (${job.taskId}) is not done. The log says why.`)
  }
}

/** The handler of single tasks. Its context says how much time there is; without one it is taken to be 30 s. */
export type TaskRunner = (job: unknown, context?: LambdaContext) => Promise<void>

/** Which attempt this is: the first one that nobody has claimed. */
const countIn = async ({ state }: Plan, { taskId, attempts, keepMs }: TaskJob): Promise<number> => {
  for (let nth = 1; nth <= attempts; nth++)
    if (await state?.ports.blobs?.claim(`${keysOf(taskId).run}/${nth}`, openSeconds(keepMs))) return nth
  return attempts + 1
}

/** Loaded with the first task. */
const working = later(() => import('./task/work.ts'))
const reading = later(() => import('./task/job.ts'))

const NOTHING =
  'Anything to work on: .protocol(machine, { deadlines: sqsDeadlines({ … }) }), or ws({ fanout: fanout({ … }) }) with a store, or .task(…),'

/** Resolves to `false`, or rejects, where it is not done. */
type Job = (body: Body, given: Given) => Promise<unknown>
type Jobs = ReadonlyMap<string, Job>
type Body = Readonly<Record<string, unknown>>

/** A record, and who works on it. */
interface Given {
  readonly record: SQSRecord
  readonly lifetime: Lifetime
  readonly context: LambdaContext | undefined
}

const planIn = (app: WorkerApp) => (app as { readonly '~plan'?: Plan })['~plan'] // hidden from the types

/** What a record can ask for, by its `kind`: only what this application can do. */
const jobsOf = (app: WorkerApp): Jobs => {
  const plan = planIn(app)
  const jobs = new Map<string, Job>()
  const { state } = plan ?? {}
  if (!plan || !state) return jobs
  const { tick, ports } = state
  if (tick) jobs.set('deadline', (body, { record }) => tick(plan, tickOf(body, record)))
  // Read when there is work: a test gateway changes it while it is open.
  const say: Job = (body, { record: { body: text }, lifetime }) =>
    (plan.fanout as Fanout).work({ plan, ports, text, body, lifetime })
  if (plan.fanout) for (const kind of ['fanout-shard', 'fanout-page']) jobs.set(kind, say)
  if (tasksOf(plan).size > 0) jobs.set('task', (body, given) => doTask(plan, body, given))
  return jobs
}

const recordsOf = (event: SQSEvent): readonly SQSRecord[] => {
  const { Records: records }: Partial<SQSEvent> = Object(event)
  if (!Array.isArray(records) || records.some((record) => typeof Object(record).messageId !== 'string'))
    throw new TypeError(
      'This is no event of an SQS queue: it has no Records with a messageId. Subscribe the function to the queue.',
    )
  return records
}

/** What has failed is in the log by the time that this resolves. */
const doTask = async (plan: Plan, body: Body, { record, context }: Given): Promise<boolean> => {
  const { taskJobOf } = await reading()
  const attempt = Number(record.attributes?.ApproximateReceiveCount) || 1
  return doOne(plan, taskJobOf(body), { attempt, lambda: context, record })
}

/** With a lifetime of its own: all that listens to its signal is this task's. */
const doOne = async (plan: Plan, job: TaskJob, given: Omit<Attempt, 'lifetime'>): Promise<boolean> => {
  const { workOn } = await working()
  const lifetime = new Lifetime(given.lambda)
  try {
    return await workOn(plan, job, { ...given, lifetime })
  } finally {
    lifetime.end()
  }
}

/** Never throws: one bad record must not bring the others back. */
const isDone = async (jobs: Jobs, given: Given): Promise<boolean> => {
  const { record } = given
  try {
    const body = bodyOf(record)
    const kind = String(body.kind)
    const job = jobs.get(kind)
    if (!job) throw new TypeError(`Its kind is '${kind}'; this worker does ${[...jobs.keys()].join(', ')}.`)
    return (await job(body, given)) !== false
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    console.error(new Error(`The record '${record.messageId}' of the queue is not done: ${why}`, { cause }))
    return false
  }
}

const bodyOf = ({ body }: SQSRecord): Body => {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    throw new TypeError('Its body is not JSON. Only this library should send to the queue.')
  }
  if (typeof parsed === 'object' && parsed !== null) return parsed as Body // whose members are yet unknown
  throw new TypeError('Its body is no JSON object. Only this library should send to the queue.')
}

const tickOf = ({ connectionId, at, api }: Body, { attributes }: SQSRecord): Tick => {
  if (typeof connectionId !== 'string' || connectionId === '' || !Number.isFinite(at) || !isApi(api))
    throw new TypeError(
      'It is no deadline: { "kind": "deadline", "connectionId", "at", "api": { "apiId", "stage", "domainName" } }, "api" if known.',
    )
  return { connectionId, at: Number(at), api, again: Number(attributes.ApproximateReceiveCount) > 1 }
}

const isApi = (api: unknown): api is Tick['api'] => {
  if (api === undefined) return true
  const { apiId, stage, domainName }: Readonly<Record<string, unknown>> = Object(api)
  // They become part of a host and a path: no slash may make of them another host.
  return [apiId, stage, domainName].every((part) => typeof part === 'string' && /^[\w.:$[\]-]+$/.test(part))
}

/** Records that are worked on at a time: a batch can have 10,000 of them (Lambda, event source mappings for SQS). */
const LANES = 10
