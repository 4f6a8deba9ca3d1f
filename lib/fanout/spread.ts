import type { Sent } from '../channel/broadcast.ts'
import type { Api } from '../event/event.ts'
import type { Via } from '../flow/deliver.ts'
import type { Received } from '../flow/receive.ts'
import { direct, idOf, type Saying } from '../state/spread.ts'
import type { Memberships } from '../store/store.ts'
import type { Settings } from './fanout.ts'
import { type Said, type ShardJob, textOf } from './job.ts'
import { blobsOf, keepFrame } from './kept.ts'
import { pagesOf } from './page.ts'

/** Say it here and now to few; have a queue say it to many, a job for each shard. */
export const spread = async (settings: Settings, saying: Saying): Promise<Sent> => {
  const { plan, ports, channel, except } = saying
  const { memberships } = ports
  blobsOf(ports)
  // Refused for few members too: a channel does not ask before it grows.
  if (except.size > MAX_EXCEPT)
    throw new TypeError(
      `A broadcast that may be fanned out leaves out ${MAX_EXCEPT} connections at most, and not ${except.size}: each of its jobs carries them.`,
    )
  const known = await firstOf(memberships, channel, settings.above)
  if (known.length <= settings.above) return toFew(settings, saying, known)

  const shards = (await memberships.shards?.(channel)) ?? 1
  const said = await saidOf(settings, saying, shards)
  const jobOf = (shard: number): ShardJob => ({
    kind: 'fanout-shard',
    ...said,
    shard,
    shards,
    seen: 0,
    except: [...except],
  })
  const jobs = Array.from({ length: shards }, (_, shard) => ({ text: textOf(jobOf(shard)), delaySeconds: 0 }))
  await settings.queue.send(jobs, plan)
  return { ...NOBODY, deferred: known.filter((connectionId) => !except.has(connectionId)).length }
}

/** Members until they are more than few, or all of them. */
const firstOf = async ({ members }: Memberships, channel: string, above: number): Promise<readonly string[]> => {
  const known: string[] = []
  let cursor: string | undefined
  do {
    const page = await members(channel, cursor)
    for (const connectionId of page.connectionIds) known.push(connectionId)
    cursor = page.cursor
  } while (cursor !== undefined && known.length <= above)
  return known
}

/** Whoever has no turn before the time is over is left to the queue. */
const toFew = async (settings: Settings, saying: Saying, members: readonly string[]): Promise<Sent> => {
  const late: string[] = []
  const sent = await direct(saying, members, (connectionId) => late.push(connectionId))
  if (late.length > 0) await settings.queue.send(pagesOf(await saidOf(settings, saying, 1), late), saying.plan)
  return sent
}

/** What each job says. */
const saidOf = async (
  { ttlMs }: Settings,
  { plan, ports, via, channel, frame, ...saying }: Saying,
  jobs: number,
): Promise<Said> => {
  const id = saying.id ?? idOf(plan) ?? ''
  const api = apiOf(via)
  const kept = await keepFrame(blobsOf(ports), id, frame, Math.ceil(ttlMs / 1_000), jobs)
  return { id, channel, until: plan.clock.now() + ttlMs, ...kept, ...(api && { api }) }
}

/** Where an event came from, its connections are reached. The server on its own account knows of no event. */
const apiOf = (via: Via): Api | undefined => {
  const { event }: Partial<Received> = via
  if (!event) return undefined
  const { apiId, stage, domainName } = event.requestContext
  return { apiId, stage, domainName }
}

const NOBODY: Sent = { delivered: 0, gone: 0, throttled: 0, failed: 0, deferred: 0 }
const MAX_EXCEPT = 500
