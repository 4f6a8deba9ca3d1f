import { reach } from '../flow/reach.ts'
import type { Delivery, Gateway } from '../gateway/gateway.ts'
import { direct } from '../state/spread.ts'
import type { Doing } from './fanout.ts'
import { type PageJob, type Said, textOf } from './job.ts'
import type { Waiting } from './queue.ts'

/** Connections of a page: half a second's work at 50 posts in flight, and what is said twice when a worker dies. */
export const PAGE = 500

export const pageOf = (said: Said, connectionIds: readonly string[], attempts = 0): PageJob => ({
  kind: 'fanout-page',
  ...said,
  connectionIds,
  attempts,
})

/** Connections in jobs of a page each, for the queue. */
export const pagesOf = (said: Said, connectionIds: readonly string[], attempts = 0): readonly Waiting[] =>
  Array.from({ length: Math.ceil(connectionIds.length / PAGE) }, (_, page) => ({
    text: textOf(pageOf(said, connectionIds.slice(page * PAGE, (page + 1) * PAGE), attempts)),
    delaySeconds: attempts === 0 ? 0 : Math.min(MAX_DELAY_SECONDS, 2 ** attempts),
  }))

/**
 * Say it to a page of connections. Whoever could not be told yet is a smaller job of its own, after a while.
 *
 * Rejects where there was no answer to any post, so that the same job comes again.
 */
export const toPage = async (doing: Doing, { kind: _, connectionIds, attempts, ...said }: PageJob): Promise<void> => {
  if (connectionIds.length === 0) return
  const { plan, ports, queue, lifetime } = doing
  const { id, channel, api } = said
  const open = new Set(connectionIds)
  const { gateway, heard } = watched(reach(plan, api), open)
  const frame = await doing.frame()
  await direct(
    { plan, ports, via: { gateway, lifetime }, channel, frame, id, except: NOBODY, signal: undefined },
    connectionIds,
  )
  if (open.size === 0) return
  const { answers, last } = heard
  if (answers === 0) throw new Error(`None of its ${open.size} connections could be posted to.`, { cause: last })
  if (attempts < MAX_ATTEMPTS) return queue.send(pagesOf(said, [...open], attempts + 1), plan)
  console.error(
    new Error(
      `${open.size} members of the channel ${JSON.stringify(channel)} did not get a broadcast, after ${attempts + 1} attempts.`,
      { cause: last },
    ),
  )
}

/** The same gateway. Takes out of `open` each connection of which it is known what became of its post. */
const watched = (gateway: Gateway, open: Set<string>) => {
  const heard: { answers: number; last: unknown } = { answers: 0, last: undefined }
  const post: Gateway['post'] = async (connectionId, ...given) => {
    let delivery: Delivery
    try {
      delivery = await gateway.post(connectionId, ...given)
    } catch (error) {
      heard.last = error
      throw error
    }
    // Who may not post at all has got no answer of a connection: the job is kept until somebody grants the permission.
    if (delivery.outcome === 'forbidden') heard.last = new Error(delivery.reason)
    else heard.answers++
    if (FINAL.has(delivery.outcome)) open.delete(connectionId)
    return delivery
  }
  const { close, info } = gateway
  return { gateway: { post, close, info }, heard }
}

const FINAL: ReadonlySet<Delivery['outcome']> = new Set(['delivered', 'gone', 'tooLarge'] as const)
const NOBODY: ReadonlySet<string> = new Set()
/** After 2, 4, 8, 16, 32 and 60 seconds. */
const MAX_ATTEMPTS = 6
const MAX_DELAY_SECONDS = 60
