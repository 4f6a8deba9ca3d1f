import { UnavailableError } from '../errors.ts'
import type { Plan } from '../flow/plan.ts'
import type { Blobs, StorePorts } from '../store/store.ts'
import { type Ended, keepSeconds, keysOf, type TaskJob } from './task.ts'

/** Where all that is kept of tasks is: an application with tasks does not build without. */
export const portsOf = ({ state }: Plan): StorePorts & { readonly blobs: Blobs } => {
  const { ports } = state ?? {}
  if (ports?.blobs) return ports as StorePorts & { readonly blobs: Blobs } // as was just seen
  throw new TypeError('Tasks need a store that keeps texts, and its blobs are gone since build().')
}

/**
 * Say how a task has ended. The first one who says so decides it for all: what is returned is how it has ended.
 *
 * Texts cannot decide it: whoever claims one may die before it is written, or sleep until another one has written it. A
 * record is there whole or not at all, and whoever comes later finds the one that is there.
 */
export const decide = async (plan: Plan, { taskId, keepMs }: TaskJob, ended: Ended): Promise<Ended> => {
  const { records } = portsOf(plan)
  const now = plan.clock.now()
  // After a trip through JSON, as everybody else finds it.
  const data: Ended = JSON.parse(JSON.stringify(ended))
  const record = { version: 1, connectedAt: now, ttl: Math.ceil(now / 1_000) + keepSeconds(keepMs), data }
  if (await records.create(keysOf(taskId).begun, record)) return data
  const decided = await decidedOf(plan, taskId)
  if (decided) return decided
  throw new UnavailableError(`How the task '${taskId}' has ended is no longer kept.`)
}

/** How a task has ended, told or not; `undefined` where it has not. */
export const decidedOf = async (plan: Plan, taskId: string): Promise<Ended | undefined> => {
  const record = await portsOf(plan).records.read(keysOf(taskId).begun)
  return record?.data as Ended | undefined // by `decide`, and by nobody else
}
