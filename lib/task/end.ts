import { ResourceExhaustedError, WsError } from '../errors.ts'
import type { Plan } from '../flow/plan.ts'
import { reach } from '../flow/reach.ts'
import type { Protocol } from '../state/protocol.ts'
import { later } from '../store/later.ts'
import type { Blobs, StorePorts } from '../store/store.ts'
import { tellFollowers } from './followers.ts'
import { decide, portsOf } from './kept.ts'
import { type Begun, type Ended, keepSeconds, keysOf, type Task, type TaskJob } from './task.ts'

/** What is read of a task when it ends. `undefined` for one that this deploy does not know. */
export type Ending = Pick<Task, 'ended'> | undefined

/**
 * End a task, so that its machine and its client know. One that has ended before stays as it is, and is told where that was
 * not done. Rejects where it could not be told yet: whoever has the job calls again.
 *
 * Why nothing is lost, whoever dies between any two awaits, and whoever is slow:
 *
 * 1. `decide` has one winner, and everybody goes on with what that one said. Before it nothing was told, and the job comes
 *    again and runs again. After it every call, by anybody, tells the same end.
 * 2. Nobody is done with a job before `/told` is written, and that comes last. A teller that dies leaves a claim of
 *    `/told`, which ends by itself; one that fails ends it. The job comes again, and another one tells.
 * 3. The machine comes first, by an event with an id, which is applied once; only then the texts that a client can ask for,
 *    so that whoever knows of the end may send what the machine allows from there.
 * 4. `/end` is written before the followers are read, and who asks follows before it reads `/end`. A membership whose join
 *    has returned is in every list that is read after it, in every store, as no text is older than one whose put has
 *    returned: of two that meet, one sees the other. So whoever comes now is posted to, or reads the end by itself. The same
 *    holds for a connection that takes over from the one that began the task, and sends its message again: its record says
 *    so before it does.
 *
 * Why nothing is told twice to a client that is there: one teller at a time, since `/told` is claimed, and none after it is
 * written. Who has asked follows no more once it is told. What is left is a teller that dies after its post, cannot tell
 * somebody else, or sleeps for longer than its claim lasts; and a follower that reads the end while it is posted to. A
 * client drops the second of two ends.
 */
export const endTask = async (plan: Plan, task: Ending, job: TaskJob, ended: Ended): Promise<void> =>
  tellEnd(plan, task, job, await decided(plan, job, fitting(plan, job, ended)))

/** The store may be away for a moment, and what a task took an hour for is not to be done again for that. */
const decided = async (plan: Plan, job: TaskJob, ended: Ended): Promise<Ended> => {
  for (let attempt = 0; ; attempt++)
    try {
      return await decide(plan, job, ended)
    } catch (error) {
      if (attempt === RETRIES) throw error
      await plan.clock.wait(WAIT_MS * 2 ** attempt)
    }
}

/** Tell how a task has ended, unless that was done. */
export const tellEnd = async (plan: Plan, task: Ending, job: TaskJob, ended: Ended): Promise<void> => {
  const { taskId, name, connectionId, api, keepMs } = job
  const { blobs } = portsOf(plan)
  const keys = keysOf(taskId)
  const seconds = keepSeconds(keepMs)
  if (!(await isTeller(plan, blobs, keys.told))) return
  try {
    await tellMachine(plan, task, job, ended)
    const begun: Begun = { name, connectionId, api, keepMs }
    await Promise.all([
      blobs.put(keys.end, JSON.stringify(ended), seconds),
      blobs.put(keys.begun, JSON.stringify(begun), seconds),
    ])
    await tellFollowers(plan, job, plan.codec.push('$task', { taskId, name, ...ended }))
  } catch (error) {
    // Let go of the claim, for whoever comes next. It would end by itself.
    await blobs.put(keys.told, '', 1).catch(() => {})
    throw error
  }
  await blobs.put(keys.told, 'true', seconds)
}

/** Wait until it is told, or nobody else is at it. */
const isTeller = async ({ clock }: Plan, blobs: Blobs, told: string): Promise<boolean> => {
  for (;;) {
    const said = await blobs.get(told)
    if (said) return false
    if (said === undefined && (await blobs.claim(told, TELL_SECONDS))) return true
    await clock.wait(LOOK_MS)
  }
}

/** Apply the machine's event. What the machine makes of it is reported at most; rejects where it may still take it. */
const tellMachine = async (plan: Plan, task: Ending, job: TaskJob, ended: Ended): Promise<void> => {
  const protocol = plan.state?.protocol as Protocol | undefined
  const { taskId, name, connectionId, api } = job
  const { state } = ended
  if (!task?.ended || !protocol) return
  const complain = (cause: unknown) =>
    console.error(new Error(`The machine did not take the end of the task '${name}' (${taskId}).`, { cause }))
  let event: unknown
  try {
    event = task.ended({ taskId, name, outcome: state, code: state === 'failed' ? ended.error.code : undefined })
  } catch (error) {
    return complain(error)
  }
  const { dispatchToHeir } = await dispatching()
  const given = {
    plan,
    store: plan.state?.ports as StorePorts, // a protocol comes with a store
    protocol,
    gateway: () => reach(plan, api),
    connectionId,
    event: event as Parameters<typeof dispatchToHeir>[0]['event'], // what is none is refused
    id: `task/${taskId}`,
  }
  const until = plan.clock.now() + PATIENCE_MS
  for (;;)
    try {
      await dispatchToHeir(given)
      return
    } catch (error) {
      if (!isPassing(error)) return complain(error)
      if (plan.clock.now() >= until) throw error
      await plan.clock.wait(LOOK_MS)
    }
}

/** Loaded with the first end that a machine is to know of. */
const dispatching = later(() => import('../state/heir.ts'))

const isPassing = (error: unknown) =>
  error instanceof WsError && (error.code === 'UNAVAILABLE' || error.code === 'UNKNOWN')

/** The same end; or, where it could not be told and kept as it is, that. */
export const fitting = (plan: Plan, { taskId, name }: Pick<TaskJob, 'taskId' | 'name'>, ended: Ended): Ended => {
  let bytes: number
  try {
    bytes = Math.max(
      Buffer.byteLength(JSON.stringify(ended)),
      Buffer.byteLength(plan.codec.push('$task', { taskId, name, ...ended })) + RESERVED_BYTES,
    )
  } catch (cause) {
    console.error(new Error(`What the task '${name}' (${taskId}) has come to is not JSON.`, { cause }))
    return INTERNAL
  }
  const maxBytes = Math.min(plan.codec.maxBytes ?? MAX_FRAME_BYTES, MAX_KEPT_BYTES)
  if (bytes <= maxBytes) return ended
  const error = new ResourceExhaustedError(
    `What the task '${name}' has come to takes ${bytes} bytes as a frame, and ${maxBytes} are carried. Let it keep that in S3, and return where.`,
    { details: { bytes, maxBytes } },
  )
  console.error(error)
  return { state: 'failed', error: error.toPeer() }
}

export const INTERNAL: Ended = { state: 'failed', error: { code: 'INTERNAL', message: 'Internal error' } }

/** As a reply it has the id of its message besides. */
const RESERVED_BYTES = 1_024
/** What API Gateway carries in one message (WebSocket API quotas). */
const MAX_FRAME_BYTES = 128 * 1_024
/** What `blobs.put` of every store takes. */
const MAX_KEPT_BYTES = 256 * 1_024

/** So long a teller has to itself: for a machine that is busy, and for its calls. */
const TELL_SECONDS = 60
/** A message holds its connection for as long as its function may live: half a minute, as API Gateway waits for it. */
const PATIENCE_MS = 35_000
const LOOK_MS = 1_000
const RETRIES = 3
const WAIT_MS = 250
