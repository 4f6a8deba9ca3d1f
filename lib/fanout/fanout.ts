import type { Fanout, FanoutWork } from '../state/spread.ts'
import { type Job, jobOf } from './job.ts'
import { blobsOf, markOf, readFrames } from './kept.ts'
import { toPage } from './page.ts'
import type { Queue } from './queue.ts'
import { toShard } from './shard.ts'
import { spread } from './spread.ts'

/** How an application fans out. */
export interface Settings {
  readonly queue: Queue
  /** Up to so many members are told by who speaks. */
  readonly above: number
  /** How long a broadcast may take, in milliseconds. */
  readonly ttlMs: number
}

/** A fan-out, and the same through another queue: whatever runs an application in a test has one of its own. */
export interface QueuedFanout extends Fanout {
  readonly through: (queue: Queue) => QueuedFanout
}

/** Somebody at work on a job. */
export interface Doing extends Omit<FanoutWork, 'text' | 'body'> {
  readonly queue: Queue
  /** What the job is to say. */
  readonly frame: () => Promise<string>
}

/** Fan out through a queue: plan what is to be done, and do what comes out. */
export const fanoutBy = (settings: Settings): QueuedFanout => {
  const { queue } = settings
  const frameOf = readFrames()

  const work = async ({ text, body, ...who }: FanoutWork): Promise<void> => {
    const { plan, ports } = who
    const job = jobOf(body)
    if (plan.clock.now() >= job.until) return console.error(new Error(tooLate(job)))
    const blobs = blobsOf(ports)
    const mark = markOf(job.id, text)
    // It was done before: a queue hands out the same message twice, and so does who puts it in.
    if ((await blobs.get(mark)) !== undefined) return
    const doing: Doing = { ...who, queue, frame: () => frameOf(blobs, job) }
    await (job.kind === 'fanout-shard' ? toShard(doing, job) : toPage(doing, job))
    // It is done, marked or not. Without its mark it may be done once more.
    await blobs.put(mark, '', KEEP_SECONDS).catch((error: unknown) => console.error(error))
  }
  return {
    spread: (saying) => spread(settings, saying),
    work,
    through: (other) => fanoutBy({ ...settings, queue: other }),
  }
}

const tooLate = (job: Job) => {
  const whom =
    job.kind === 'fanout-page'
      ? `${job.connectionIds.length} members`
      : `Shard ${job.shard} of ${job.shards}, from member ${job.seen} on,`
  return `${whom} of the channel ${JSON.stringify(job.channel)} did not get a broadcast: its time was over (fanout({ ttlMs })).`
}

/** No broadcast is under way for longer than this. */
const KEEP_SECONDS = 3_600
