import { send } from '../flow/deliver.ts'
import type { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import { reach } from '../flow/reach.ts'
import { askersOf, heirOf, windowOf } from './followers.ts'
import { decidedOf, portsOf } from './kept.ts'
import { keysOf, openSeconds, type Step, type Task, type TaskJob } from './task.ts'

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

/** Tell those who follow a task how far it is: each step by posts, and once a second by the store, which says who they are. */
export const reporting = ({ plan, task, job, lifetime, signal, stop }: Reporting): Reports => {
  const { taskId, name, keepMs, api } = job
  const { blobs } = portsOf(plan)
  const keys = keysOf(taskId)
  const isBound = task.onDisconnect === 'cancel'
  const gateway = reach(plan, api)
  /** Who began it, or has taken over from there. */
  let heir = job.connectionId
  let askers: ReadonlySet<string> = new Set()
  /** Followers on whose connections nobody answers: not asked again. */
  const gone = new Set<string>()
  let aloneSince: number | undefined
  let step: Step | undefined
  let written: Step | undefined
  let seenAt = Number.NEGATIVE_INFINITY
  let isOver = false
  /** Steps are told one after the other, in the order in which they were made. */
  let turn: Promise<unknown> = Promise.resolve()

  const there = () => [...new Set([heir, ...askers])].filter((id) => !gone.has(id))

  const see = async () => {
    seenAt = plan.clock.now()
    const latest = step
    // Before it is read who follows: whoever comes meanwhile finds the step, and whoever came before is told.
    if (latest && latest !== written) await blobs.put(keys.step, JSON.stringify(latest), openSeconds(keepMs))
    written = latest
    const [found, successor, cancelled] = await Promise.all([
      askersOf(plan, taskId),
      gone.has(heir) ? heirOf(plan, job.connectionId) : heir,
      blobs.get(keys.cancel),
    ])
    askers = found
    heir = successor
    for (const id of gone) if (id !== heir && !askers.has(id)) gone.delete(id)
    if (cancelled !== undefined) stop('cancelled')
  }
  /** Nobody is there, as of then. A client may be back on another connection in a while. */
  const miss = (now: number) => {
    aloneSince ??= now
    if (now - aloneSince >= windowOf(plan)) stop('cancelled')
  }
  const tell = async (next: Step): Promise<void> => {
    signal.throwIfAborted()
    step = next
    try {
      if (plan.clock.now() - seenAt >= SEE_MS) await see()
      if (!signal.aborted) await post(next)
    } catch (error) {
      // A step that is lost is no reason to fail the task: another one comes, and the end.
      console.error(error)
    }
    signal.throwIfAborted()
  }
  const post = async (next: Step) => {
    const to = there()
    if (to.length === 0) return
    const frame = plan.codec.push('$task', { taskId, name, state: 'running', ...next })
    const postTo = async (id: string): Promise<void> => {
      if (await send(plan, { gateway, lifetime }, id, frame)) return
      gone.add(id)
      const successor = id === heir ? await heirOf(plan, job.connectionId) : id
      if (gone.has(successor)) return
      heir = successor
      if (!to.includes(successor)) await postTo(successor)
    }
    // Whoever cannot be told a step keeps it from nobody else.
    const told = await Promise.allSettled(to.map(postTo))
    for (const one of told) if (one.status === 'rejected') console.error(one.reason)
    if (!isBound) return
    const now = plan.clock.now()
    if (there().length === 0) await see()
    if (there().length === 0) miss(now)
    else aloneSince = undefined
  }
  /** Whether anybody is there, as the gateway knows. */
  const isFollowed = async () => {
    const answers = async (id: string) => {
      if (await gateway.info(id, lifetime.signal)) return true
      gone.add(id)
      return false
    }
    for (const id of there()) if (await answers(id)) return true
    const successor = await heirOf(plan, job.connectionId)
    if (gone.has(successor)) return false
    heir = successor
    return answers(heir)
  }
  return {
    progress: (fraction, note) => {
      const before = turn
      const told = (async () => {
        if (isOver) throw new Error('The task has ended, and is no longer on its way.')
        const next = stepOf(fraction, note)
        await before
        await tell(next)
      })()
      // Handled here too: a rejection that the function does not wait for would end the process.
      turn = told.catch(() => before)
      return told
    },
    look: async () => {
      const now = plan.clock.now()
      await see()
      if ((await decidedOf(plan, taskId)) !== undefined) return stop('ended')
      if (!isBound) return
      if (await isFollowed()) aloneSince = undefined
      else miss(now)
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
