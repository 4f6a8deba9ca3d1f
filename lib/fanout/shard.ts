import type { Doing } from './fanout.ts'
import { type ShardJob, textOf } from './job.ts'
import { PAGE, pageOf, pagesOf, toPage } from './page.ts'

/**
 * Find the members of a shard, and make page jobs of them as they are read. When time runs out the rest of the shard is a
 * job again. Whoever is in a shard of few is told here and now.
 *
 * A shard that grew too large makes its channel grow.
 */
export const toShard = async (doing: Doing, job: ShardJob): Promise<void> => {
  const { plan, ports, queue, lifetime } = doing
  const { kind: _, shard, shards, cursor: from, seen: before, except, ...said } = job
  const others = new Set(except)
  const reserveMs = Math.min(RESERVE_MS, lifetime.remainingMs() / 10)
  const ids: string[] = []
  let [cursor, seen] = [from, before]
  for (;;) {
    const page = await ports.memberships.members(job.channel, cursor, shard)
    for (const connectionId of page.connectionIds) if (!others.has(connectionId)) ids.push(connectionId)
    cursor = page.cursor
    seen += page.connectionIds.length
    if (cursor === undefined || lifetime.remainingMs() < reserveMs) break
    const whole = ids.splice(0, ids.length - (ids.length % PAGE))
    if (whole.length > 0) await queue.send(pagesOf(said, whole), plan)
  }
  if (cursor === undefined) await growIfFull(doing, job, seen)
  if (cursor === undefined && seen <= PAGE) return toPage(doing, pageOf(said, ids))
  const rest = cursor === undefined ? [] : [{ text: textOf({ ...job, cursor, seen }), delaySeconds: 0 }]
  await queue.send([...pagesOf(said, ids), ...rest], plan)
}

/**
 * Old members stay in their shards when a channel grows, so only those shards that its last growth made tell how full
 * shards become: the first one of a channel that has grown is full for as long as its old members stay.
 *
 * It is nothing that the broadcast needs, and fails nothing.
 */
const growIfFull = async ({ ports }: Doing, { channel, shard, shards }: ShardJob, members: number): Promise<void> => {
  if (members <= FULL || shard < Math.floor(shards / 2)) return
  const enough = shards * 2 ** Math.ceil(Math.log2(members / FULL))
  await ports.memberships.grow?.(channel, Math.min(enough, MAX_SHARDS)).catch((error: unknown) => console.error(error))
}

/** Members of a shard: about one page of a megabyte of DynamoDB, and ten page jobs. */
const FULL = 5_000
/** What stores take. */
const MAX_SHARDS = 1_024
/** Time to put what was read into the queue. */
const RESERVE_MS = 5_000
