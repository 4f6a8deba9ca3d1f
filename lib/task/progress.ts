import { send } from '../flow/deliver.ts'
import type { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import { reach } from '../flow/reach.ts'
import type { Blobs } from '../store/store.ts'
import { decidedOf, portsOf } from './kept.ts'
import { type Follower, keysOf, openSeconds, type Step, type Task, type TaskJob } from './task.ts'

/** Who is told how a task is: who asked last, or who began it. */
export const followerOf = async (blobs: Blobs, { taskId, connectionId, api }: TaskJob): Promise<Follower> => {
  const text = await blobs.get(keysOf(taskId).to)
  return text ? JSON.parse(text) : { connectionId, api }
}

/** Why a task is to stop: it was cancelled, or has ended elsewhere. */
export type Stop = 'cancelled' | 'ended'

/** What is told and heard while a task runs. */
export interface Reports {
  /** What its function is given as `progress`. */
  readonly progress: (fraction: number, note?: string) => Promise<void>
  /** Write down how far it is, and look whether it is to go on, whoever follows it. */
  readonly look: () => Promise<void>
  /** No more of it. Resolves when all that was on its way is told. */
  readonly end: () => Promise<unknown>
}

interface Reporting {
  readonly plan: Plan
  readonly task: Pick<Task, 'onDisconnect'>
  readonly job: TaskJob
  readonly lifetime: Lifetime
  /** Its function is told to stop by this. */
  readonly signal: AbortSignal
  readonly stop: (why: Stop) => void
}

/** Tell the client how far a task is: each step by a post, and once a second by the store, which says who follows. */
export const reporting = ({ plan, task, job, lifetime, signal, stop }: Reporting): Reports => {
  const { taskId, name, keepMs, connectionId, api } = job
  const { blobs } = portsOf(plan)
  const keys = keysOf(taskId)
  const isBound = task.onDisconnect === 'cancel'
  let follower: Follower = { connectionId, api }
  let step: Step | undefined
  let written: Step | undefined
  let seenAt = Number.NEGATIVE_INFINITY
  /** A connection that nobody answers on: not asked again. */
  let gone: string | undefined
  let isOver = false
  /** Steps are told one after the other, in the order in which they were made. */
  let turn: Promise<unknown> = Promise.resolve()

  const see = async () => {
    seenAt = plan.clock.now()
    const latest = step
    const [to, cancelled] = await Promise.all([
      followerOf(blobs, job),
      blobs.get(keys.cancel),
      latest && latest !== written && blobs.put(keys.step, JSON.stringify(latest), openSeconds(keepMs)),
    ])
    written = latest
    follower = to
    if (cancelled !== undefined) stop('cancelled')
  }
  /** Its client may be back on another connection. */
  const miss = async (connectionId: string) => {
    gone = connectionId
    if (!isBound) return
    await see()
    if (follower.connectionId === connectionId) stop('cancelled')
  }
  const tell = async (next: Step): Promise<void> => {
    signal.throwIfAborted()
    step = next
    try {
      if (plan.clock.now() - seenAt >= SEE_MS) await see()
      if (!signal.aborted && follower.connectionId !== gone) await post(next)
    } catch (error) {
      // A step that is lost is no reason to fail the task: another one comes, and the end.
      console.error(error)
    }
    signal.throwIfAborted()
  }
  const post = async (next: Step) => {
    const { connectionId, api } = follower
    const frame = plan.codec.push('$task', { taskId, name, state: 'running', ...next })
    if (!(await send(plan, { gateway: reach(plan, api), lifetime }, connectionId, frame))) await miss(connectionId)
  }
  return {
    progress: (fraction, note) => {
      const told = (async () => {
        if (isOver) throw new Error('The task has ended, and is no longer on its way.')
        const next = stepOf(fraction, note)
        await turn
        await tell(next)
      })()
      // Handled here too: a rejection that the function does not wait for would end the process.
      turn = Promise.allSettled([turn, told])
      return told
    },
    look: async () => {
      await see()
      if ((await decidedOf(plan, taskId)) !== undefined) return stop('ended')
      if (!isBound) return
      const { connectionId, api } = follower
      if (!(await reach(plan, api).info(connectionId, lifetime.signal))) await miss(connectionId)
    },
    end: () => {
      isOver = true
      return turn
    },
  }
}

const stepOf = (fraction: unknown, note: unknown): Step => {
  if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1))
    throw new RangeError(`progress() takes a number from 0 to 1, and not ${String(fraction)}.`)
  if (note === undefined) return { fraction }
  if (typeof note !== 'string' || note.length > MAX_NOTE)
    throw new RangeError(`progress() takes a note of up to ${MAX_NOTE} characters.`)
  return { fraction, note }
}

/** A text for a person to read. */
const MAX_NOTE = 1_000
/** At most once a second the store is written to and read. */
const SEE_MS = 1_000
