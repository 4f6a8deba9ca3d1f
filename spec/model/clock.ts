import type { Moment, Progress } from './moment.ts'
import { WINDOW_MS } from './task.ts'
import type { World } from './world.ts'

/** The next time at which anything looks different: a function is killed, a claim, a deadline or a window is over. */
export const nextTime = (world: World, moment: Moment, lifeMs: number | undefined): number | undefined => {
  let next = Number.POSITIVE_INFINITY
  const consider = (time: number | undefined) => {
    if (time !== undefined && time > moment.now && time < next) next = time
  }
  for (const progress of moment.tasks) consider(endOf(world, progress, lifeMs))
  for (const connection of moment.records.keys()) {
    const { claim, due = [], closed } = world.record(moment, connection) ?? {}
    consider(claim?.deadline)
    for (const { at } of due) consider(at)
    if (closed && moment.records.length > 1) consider(closed.at + WINDOW_MS + 1)
  }
  return Number.isFinite(next) ? next : undefined
}

/** When a function is killed. */
export const endOf = (world: World, { phase, log }: Progress, lifeMs: number | undefined): number =>
  phase !== 'running' || lifeMs === undefined ? Number.POSITIVE_INFINITY : world.logs.at(log).begun + lifeMs
