import { SendMessageCommand } from '@aws-sdk/client-sqs'
import type { Tick } from '../flow/state.ts'
import { mistake, need, needKeys } from '../mistakes.ts'
import { type Deadlines, tick } from '../state/tick.ts'
import type { Watching } from '../types/protocol.ts'

export interface SqsDeadlinesOptions {
  /** An `SQSClient` of the AWS SDK v3. */
  readonly client: SqsClient
  /** The URL of a standard queue. A FIFO queue delays no single message. */
  readonly queueUrl: string
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/** What is called of an `SQSClient` of the AWS SDK v3. */
export interface SqsClient {
  readonly send: (command: never) => Promise<unknown>
}

/**
 * Enforce the deadlines of a protocol on silent peers too: each one is put into an SQS queue as a delayed message, and a
 * function that is subscribed to the queue looks when it comes: `worker()` of `ws-interlock/worker`.
 *
 * ```ts
 * import { SQSClient } from '@aws-sdk/client-sqs'
 * import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
 *
 * const deadlines = sqsDeadlines({ client: new SQSClient(), queueUrl: process.env.QUEUE_URL ?? '' })
 * ws().store(store).protocol(machine, { deadlines })
 * ```
 *
 * - One message is sent for each stored change that brings a new next deadline, once that is stored; one more for each
 *   15 minutes that a deadline lies ahead. Whoever is late to stop a deadline stops none: the message that comes for a
 *   deadline that is no more costs one read.
 * - The end of a `token()`, and that of `connection.expire()`, is such a deadline too, and so is the time at which another
 *   token is asked for.
 * - A deadline is enforced up to a second late, and what the queue and its poller take.
 * - A message that cannot be sent is told to `onError`, and what it was sent for stands: the deadline is then applied
 *   before the next message of the peer, as without a queue.
 * - A deadline that `server.connection(id).dispatch()` starts has no event of API Gateway to tell where the connection is
 *   reached. The worker's application then needs `ws({ endpoint })`.
 *
 * The function needs `sqs:SendMessage` on the queue. Throws a TypeError for what is no client, no URL, or a FIFO queue.
 */
export const sqsDeadlines = (options: SqsDeadlinesOptions): Watching => {
  needKeys('sqsDeadlines()', options, ['client', 'queueUrl', 'now'])
  const { client, queueUrl, now = Date.now } = options
  need(typeof Object(client).send === 'function', 'An SQSClient of @aws-sdk/client-sqs', 'sqsDeadlines({ client })')
  need(
    typeof queueUrl === 'string' && /^https?:\/\//.test(queueUrl),
    'The https:// URL of a queue',
    'sqsDeadlines({ queueUrl })',
  )
  // SQS API reference, SendMessage: "When you set FifoQueue, you can't set DelaySeconds per message."
  if (queueUrl.endsWith('.fifo'))
    throw mistake('A FIFO queue delays no single message. Make a standard queue.', `'${queueUrl}' in sqsDeadlines()`)
  need(typeof now === 'function', 'A function', 'sqsDeadlines({ now })')

  const deadlines: Deadlines = {
    arm: async ({ connectionId, at, api }: Tick) => {
      const command = new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: JSON.stringify({ kind: 'deadline', connectionId, at, api }),
        DelaySeconds: delaySeconds(at - now()),
      })
      // A cast, because the client takes commands of its own package.
      await client.send(command as never)
    },
    tick,
  }
  return deadlines
}

/** Whole seconds, rounded up: a message that came before its time would have to be sent again. */
const delaySeconds = (leftMs: number) => Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(leftMs / 1000)))

/** SQS delays a message by 15 minutes at most (its message quotas). */
const MAX_DELAY_SECONDS = 900
