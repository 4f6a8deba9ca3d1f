import { ChangeMessageVisibilityCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { mistake, need, needKeys } from '../mistakes.ts'
import type { Tasking } from '../types/task.ts'
import { tasksBy } from './tasks.ts'

export interface SqsTasksOptions {
  /** An `SQSClient` of the AWS SDK v3. */
  readonly client: SqsClient
  /** The URL of a standard queue. */
  readonly queueUrl: string
}

/** What is called of an `SQSClient` of the AWS SDK v3. */
export interface SqsClient {
  readonly send: (command: never) => Promise<unknown>
}

/**
 * Have tasks wait in an SQS queue, and a function that is subscribed to the queue run them: `worker()` of
 * `ws-interlock/worker`.
 *
 * ```ts
 * import { SQSClient } from '@aws-sdk/client-sqs'
 * import { sqsTasks } from 'ws-interlock/task/sqs'
 *
 * const queue = sqsTasks({ client: new SQSClient(), queueUrl: process.env.TASKS_URL ?? '' })
 * ws().store(store).task('report', Report, { queue, attempts: 3 }, async ({ data, progress }) => { … })
 * ```
 *
 * - While a task runs, its message is kept from other workers for a minute at a time (`ChangeMessageVisibility`): the task
 *   of a worker that was killed is tried again a minute later, whatever the queue's visibility timeout is. Let that be
 *   the function's timeout, or more: Lambda takes no less.
 * - Let the queue's redrive policy have a dead-letter queue, and a `maxReceiveCount` of one more than `attempts`.
 * - A job is what the route's schema made of the data, as JSON, up to 262,144 bytes with some 400 of its own.
 *
 * The function that answers needs `sqs:SendMessage` on the queue, and the worker `sqs:ReceiveMessage`,
 * `sqs:DeleteMessage`, `sqs:GetQueueAttributes` and `sqs:ChangeMessageVisibility`. Throws a TypeError for what is no
 * client, no URL, or a FIFO queue.
 */
export const sqsTasks = (options: SqsTasksOptions): Tasking => {
  needKeys('sqsTasks()', options, ['client', 'queueUrl'])
  const { client, queueUrl: QueueUrl } = options
  need(typeof Object(client).send === 'function', 'An SQSClient of @aws-sdk/client-sqs', 'sqsTasks({ client })')
  need(
    typeof QueueUrl === 'string' && /^https?:\/\//.test(QueueUrl),
    'The https:// URL of a queue',
    'sqsTasks({ queueUrl })',
  )
  // Its messages of one group are handed out one after the other, and with one group for each connection no more is won.
  if (QueueUrl.endsWith('.fifo'))
    throw mistake(
      'A FIFO queue keeps tasks waiting for one another. Make a standard queue.',
      `'${QueueUrl}' in sqsTasks()`,
    )

  return tasksBy({
    send: async (job) => {
      // Casts, because the client takes commands of its own package.
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody: bodyOf(job) }) as never)
    },
    hold: async ({ receiptHandle: ReceiptHandle }, VisibilityTimeout) => {
      await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }) as never)
    },
  })
}

/** A message is XML, which has no U+FFFE and U+FFFF (SQS API reference, SendMessage); JSON can write them in ASCII. */
const bodyOf = (job: object): string =>
  JSON.stringify(job).replace(/[\uFFFE\uFFFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`)
