import { mistake, need, needKeys } from '../mistakes.ts'
import type { Fanning } from '../types/options.ts'
import { fanoutBy } from './fanout.ts'
import { type SqsClient, sqsQueue } from './queue.ts'

export type { SqsClient } from './queue.ts'

export interface FanoutOptions {
  /** An `SQSClient` of the AWS SDK v3. */
  readonly client: SqsClient
  /** The URL of a standard queue. */
  readonly queueUrl: string
  /** Channels of up to so many members are told by who speaks, without a queue. @default 500 */
  readonly above?: number
  /** How long a broadcast may take, in milliseconds, up to an hour: later nobody is told any more. @default 300_000 */
  readonly ttlMs?: number
}

/**
 * Have large broadcasts said by workers: the members are read shard by shard and posted to in pages of 500, as jobs in an
 * SQS queue, and a function that is subscribed to the queue does them: `worker()` of `ws-interlock/worker`.
 *
 * ```ts
 * import { SQSClient } from '@aws-sdk/client-sqs'
 * import { fanout } from 'ws-interlock/fanout/sqs'
 *
 * ws({ fanout: fanout({ client: new SQSClient(), queueUrl: process.env.QUEUE_URL ?? '' }) }).store(store)
 * ```
 *
 * - The guarantee: at least once per connection that was a member when the broadcast was planned and is still connected,
 *   within `ttlMs`; unordered between broadcasts. Whoever joins later may get it too. A peer that is throttled six more
 *   times, after 2 to 60 seconds each, is given up, and the log says so.
 * - A frame carries the `id` of its broadcast, by which a client drops what comes twice: after a redelivery, or of a worker
 *   that died over its page.
 * - Of a broadcast that went to the queue `broadcast()` says `deferred`: so many members were seen when it was planned,
 *   and nobody has counted the others. It rejects where the queue does not take all of it; some may then get it.
 * - `except` takes 500 connections at most.
 * - A frame that takes more than 100 KB in a job is kept once in the store, for `ttlMs`.
 * - A channel of which a shard has more than 5,000 members is given more shards, as far as its store has any.
 * - A broadcast of `server` has no event to tell where connections are reached. The worker then needs `ws({ endpoint })`.
 *
 * The function needs `sqs:SendMessage` on the queue, and so does the worker. Throws a TypeError for what is no client, no
 * URL, or a FIFO queue; a broadcast rejects with one where the store keeps no `blobs`.
 */
export const fanout = (options: FanoutOptions): Fanning => {
  needKeys('fanout()', options, ['client', 'queueUrl', 'above', 'ttlMs'])
  const { client, queueUrl, above = ABOVE, ttlMs = TTL_MS } = options
  need(typeof Object(client).send === 'function', 'An SQSClient of @aws-sdk/client-sqs', 'fanout({ client })')
  need(
    typeof queueUrl === 'string' && /^https?:\/\//.test(queueUrl),
    'The https:// URL of a queue',
    'fanout({ queueUrl })',
  )
  // SQS API reference, SendMessageBatch: "When you set FifoQueue, you can't set DelaySeconds per message."
  if (queueUrl.endsWith('.fifo'))
    throw mistake('A FIFO queue delays no single message. Make a standard queue.', `'${queueUrl}' in fanout()`)
  need(Number.isSafeInteger(above) && above >= 0, 'A whole number, from 0 up,', 'fanout({ above })')
  need(
    Number.isSafeInteger(ttlMs) && ttlMs > 0 && ttlMs <= MAX_TTL_MS,
    `A whole number of milliseconds, from 1 to ${MAX_TTL_MS},`,
    'fanout({ ttlMs })',
  )
  return fanoutBy({ queue: sqsQueue(client, queueUrl), above, ttlMs })
}

const ABOVE = 500
const TTL_MS = 5 * 60 * 1_000
/** As long as it is kept what was done: see KEEP_SECONDS of fanout.ts. */
const MAX_TTL_MS = 60 * 60 * 1_000
