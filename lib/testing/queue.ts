import type { QueuedFanout } from '../fanout/fanout.ts'
import type { Queue, Waiting } from '../fanout/queue.ts'
import { Lifetime } from '../flow/lifetime.ts'
import { change, type Inside } from '../local/inside.ts'
import { type Doing, inProcess } from '../task/in-process.ts'
import { tasksOf } from '../task/task.ts'
import type { FakeClock } from './clock.ts'
import type { Pace } from './pace.ts'

/**
 * The fan-out of an application whose jobs are done in this process: at once, or after their delay, as by a worker with as
 * many instances as there are jobs. What fails comes again, as from SQS. `undefined` for a fan-out that has no queue.
 */
export const fanoutOn = (
  { plan, ports }: Inside,
  { clock, pace }: { readonly clock: Pick<FakeClock, 'setTimeout'>; readonly pace: Pick<Pace, 'work'> },
): QueuedFanout | undefined => {
  const given = plan.fanout as Partial<QueuedFanout> | undefined
  const work = async (job: Waiting): Promise<void> => {
    if (!ports) return
    const { text } = job
    try {
      await pace.work(async () =>
        fanout?.work({ plan, ports, text, body: JSON.parse(text), lifetime: new Lifetime(undefined) }),
      )
    } catch (error) {
      console.error(error)
      clock.setTimeout(() => void work(job), VISIBILITY_MS)
    }
  }
  const queue: Queue = {
    send: async (jobs) => {
      for (const job of jobs)
        if (job.delaySeconds > 0) clock.setTimeout(() => void work(job), job.delaySeconds * 1_000)
        else void work(job)
    },
  }
  const fanout = given?.through?.(queue)
  return fanout
}

/** The tasks of an application done in this process, whatever queue they have. Returns how to undo it. */
export const tasksOn = ({ plan }: Inside, doing: Doing): (() => void) => {
  let isOpen = true
  const queue = inProcess({ pulse: doing.wait, ...doing, isOpen: () => isOpen })
  const undos = [...tasksOf(plan).values()].map((task) => change(task, { queue }))
  return () => {
    isOpen = false
    for (const undo of undos) undo()
  }
}

/** The same on a laptop, where time passes by itself: what would go into a queue of AWS is done here. */
export const workHere = (inside: Inside): void => {
  tasksOn(inside, {
    work: (attempt) => attempt(),
    wait: (_, ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
  })
  const fanout = fanoutOn(inside, {
    clock: { setTimeout: (run, ms) => setTimeout(run, ms).unref() },
    pace: { work: (run) => run() },
  })
  if (fanout) change(inside.plan, { fanout })
}

/** After this long a queue hands out again what was not deleted (SQS, visibility timeout, its default). */
const VISIBILITY_MS = 30_000
