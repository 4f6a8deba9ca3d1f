import { membersOf } from '../channel/members.ts'
import { ResourceExhaustedError } from '../errors.ts'
import { send } from '../flow/deliver.ts'
import type { Plan } from '../flow/plan.ts'
import { reach } from '../flow/reach.ts'
import { joinNow } from '../state/channels.ts'
import type { ResumeOptions } from '../state/resume.ts'
import { taskChannel } from '../store/own-channels.ts'
import { portsOf } from './kept.ts'
import type { TaskJob } from './task.ts'

// Told how a task is: who began it, or has taken over from there, and whoever has asked for it. Those are members of a
// channel of the task, which a connection leaves by its end, and which goes with it to one that takes over.

/** Have a connection told from now on. Rejects where it is closed. */
export const follow = (plan: Plan, taskId: string, connectionId: string): Promise<void> =>
  joinNow(portsOf(plan).memberships, connectionId, taskChannel(taskId))

export const unfollow = (plan: Plan, taskId: string, connectionId: string): Promise<void> =>
  portsOf(plan).memberships.leave(connectionId, taskChannel(taskId))

/** Who has asked for a task, and is there, as far as the store knows. */
export const askersOf = async (plan: Plan, taskId: string): Promise<ReadonlySet<string>> => {
  const askers = new Set<string>()
  for await (const id of membersOf(portsOf(plan).memberships, taskChannel(taskId))) askers.add(id)
  return askers
}

/**
 * Refuse one more than are told. `askers` was read when it followed: so whoever was not refused is among those who are told,
 * and they are no more than that.
 */
export const checkCrowd = async (
  plan: Plan,
  taskId: string,
  connectionId: string,
  askers: ReadonlySet<string>,
): Promise<void> => {
  if (askers.size <= MAX_ASKERS) return
  await unfollow(plan, taskId, connectionId)
  throw new ResourceExhaustedError(`${MAX_ASKERS} connections follow this task, and no more are told of it.`, {
    details: { maxFollowers: MAX_ASKERS },
  })
}

/**
 * Who has by now what a connection had: the one that has taken over from it, or is about to; or else that one itself.
 * Reads its record, and one more for each that has taken over. To be asked of the first one: one that is about to may be lost
 * over it, and leave it to another.
 */
export const heirOf = async (plan: Plan, connectionId: string): Promise<string> => {
  if (windowOf(plan) === 0) return connectionId
  const { records } = portsOf(plan)
  let at = connectionId
  let record = await records.read(at)
  for (let hops = 0; hops < MAX_HOPS; hops++) {
    const to = record?.closed?.to
    const heir = to === undefined ? undefined : await records.read(to)
    // Closed, and nothing has come to it: that is still with the one before.
    if (to === undefined || !heir || (heir.closed && heir.resumed?.from !== at)) return at
    at = to
    record = heir
  }
  return at
}

/** For so long one that is gone may still be taken over, in milliseconds. 0 where nobody takes over. */
export const windowOf = ({ state }: Plan): number => {
  // Checked at build; its type hides this from lower floors.
  const { resume } = Object(state?.application.protocol?.options) as { readonly resume?: Required<ResumeOptions> }
  return resume?.windowMs ?? 0
}

/**
 * Tell all of them how a task has ended. Rejects where one could not be told, once all the others were. Gone is told
 * enough: it asks when it is back. Who was told follows the task no more, and is not told again with those.
 */
export const tellFollowers = async (plan: Plan, job: TaskJob, frame: string): Promise<void> => {
  const { taskId, connectionId, api } = job
  const via = { gateway: reach(plan, api) }
  const [askers, heir] = await Promise.all([askersOf(plan, taskId), heirOf(plan, connectionId)])
  const tell = async (id: string, isHeir: boolean): Promise<void> => {
    if (await send(plan, via, id, frame)) {
      // Best effort: it ends with the connection.
      if (askers.has(id)) await unfollow(plan, taskId, id).catch(console.error)
      return
    }
    // It may have been taken over a moment ago.
    const next = isHeir ? await heirOf(plan, connectionId) : id
    if (next !== id && !askers.has(next)) await tell(next, true)
  }
  const all = new Set([heir, ...askers])
  const told = await Promise.allSettled([...all].map((id) => tell(id, id === heir)))
  const failed = told.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
}

/** Each of them is a post for each step, and a write at the end. */
const MAX_ASKERS = 100
/** A client that reconnects each minute makes as many in the life of a record, two hours and a quarter. */
const MAX_HOPS = 256
