import { SendMessageBatchCommand, type SendMessageBatchCommandOutput } from '@aws-sdk/client-sqs'
import { need, needKeys } from '../mistakes.ts'
import type { Until } from './attempts.ts'
import { type Attributes, attributesBytes, markAttributes, wireAttributes } from './attributes.ts'
import { inBatches } from './batch.ts'
import { type Client, readEntries } from './entries.ts'
import { type Placed, placeBy, wirePlace } from './fifo.ts'
import type { Publisher } from './publisher.ts'
import { isText, needBytes, needRoom, plainJson } from './text.ts'
import { traceHeader } from './trace.ts'

export interface SqsOptions {
  /** An `SQSClient` of the AWS SDK v3. */
  readonly client: Client
  /** The URL of the queue. */
  readonly queueUrl: string
  /** Whether the queue is FIFO. @default whether its URL ends with `.fifo` */
  readonly fifo?: boolean
  /** What a message takes at most, and a request. Less where the queue or an emulator takes less. @default 1048576 */
  readonly maxBytes?: number
}

/** A message for an SQS queue. */
export interface SqsEntry extends Placed {
  /** Not empty, and of the characters of XML 1.0. */
  readonly body: string
  /** Up to ten. Those that are free are taken by what is known of the message. */
  readonly attributes?: Attributes
  /** From 0 to 900, for a standard queue only. @default what the queue says */
  readonly delaySeconds?: number
}

/**
 * Publish events into an SQS queue.
 *
 * ```ts
 * import { SQSClient } from '@aws-sdk/client-sqs'
 * import { sqs } from 'ws-interlock/publish/sqs'
 *
 * const orders = sqs({ client: new SQSClient(), queueUrl: process.env.QUEUE_URL ?? '' })
 * ws().on('order', Order, publishTo(orders, (_, { sku }) => ({ body: sku, attributes: { kind: 'order' } })))
 * ```
 *
 * - The body of a CloudEvent is its JSON.
 * - `correlation`, `eventId`, `connectionId`, `messageId` and `requestId` travel as message attributes, in this order as
 *   far as there is room beside those of the entry: a message has ten. An attribute of the entry by such a name stands.
 * - Ten messages or 1 MiB go into a request (API reference, SendMessageBatch): bodies in UTF-8, and of each attribute its
 *   name, type and value. What the service failed to take is sent again, that alone, up to four times within seconds. A
 *   standard queue may therefore get an event twice, which then has the same `eventId`.
 * - X-Ray's trace goes on: what Lambda says of it, `_X_AMZN_TRACE_ID`, is the message system attribute `AWSTraceHeader`,
 *   which counts for nothing (API reference, SendMessageBatchRequestEntry) and takes no place of the ten.
 * - FIFO: the group is the connection and the deduplication id that of the event, unless the entry has its own. Requests
 *   go one after the other. If SQS fails to take one message of a request, that one arrives after the rest of it.
 *
 * The function needs `{ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:REGION:ACCOUNT:QUEUE" }`.
 *
 * Throws a TypeError for what is no client, no URL, or another option. An entry that SQS would refuse is thrown before
 * anything is sent: a `ResourceExhaustedError` for one that is too large, a TypeError for the rest.
 */
export const sqs = (options: SqsOptions): Publisher<SqsEntry> => {
  needKeys('sqs()', options, ['client', 'queueUrl', 'fifo', 'maxBytes'])
  const { client, queueUrl, maxBytes = MAX_BYTES } = options
  need(typeof Object(client).send === 'function', 'An SQSClient of @aws-sdk/client-sqs', 'sqs({ client })')
  need(
    typeof queueUrl === 'string' && /^https?:\/\//.test(queueUrl),
    'The https:// URL of a queue',
    'sqs({ queueUrl })',
  )
  const { fifo = queueUrl.endsWith('.fifo') } = options
  need(typeof fifo === 'boolean', 'True or false', 'sqs({ fifo })')
  needBytes(maxBytes, MAX_BYTES, 'sqs({ maxBytes })')

  const pack = (entry: SqsEntry) => {
    needKeys(WHERE, entry, FIELDS, `${WHERE} has no such field.`)
    const { body, delaySeconds } = entry
    need(isText(body), 'A body, a text that is not empty and has only characters of XML 1.0,', WHERE)
    need(delaySeconds === undefined || isDelay(delaySeconds), 'A delaySeconds from 0 to 900', WHERE)
    // API reference, SendMessageBatchRequestEntry: "When you set FifoQueue, you can't set DelaySeconds per message."
    need(delaySeconds === undefined || !fifo, 'A standard queue, which alone delays a single message,', WHERE)
    const MessageAttributes = wireAttributes(entry.attributes, WHERE)
    const bytes = Buffer.byteLength(body) + attributesBytes(MessageAttributes)
    needRoom(bytes, maxBytes, 'a message of this queue')
    const parcel = {
      MessageBody: body,
      ...(MessageAttributes && { MessageAttributes }),
      ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
      ...wirePlace(entry, fifo, WHERE),
    }
    return { parcel, bytes }
  }
  type Parcel = ReturnType<typeof pack>['parcel']
  const ask = async (parcels: readonly Parcel[], until: Until) => {
    const trace = traceHeader()
    const system = trace !== undefined && {
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: trace } },
    }
    const Entries = parcels.map((parcel, index) => ({ Id: `${index}`, ...parcel, ...system }))
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries })
    // Casts, because the client takes commands of its own package, and answers by command.
    const said = (await client.send(command as never, until)) as Partial<SendMessageBatchCommandOutput>
    return readEntries(parcels.length, said)
  }
  return {
    publish: inBatches({ pack, ask, maxBytes, isOrdered: fifo }),
    entryOf: (event) => ({
      body: plainJson(event),
      ...(fifo && placeBy({}, { id: event.id, connectionId: event.connectionid })),
    }),
    mark: (entry, origin) => ({
      ...entry,
      attributes: markAttributes(entry.attributes, origin),
      ...(fifo && placeBy(entry, origin)),
    }),
    check: (entry) => {
      pack(entry)
    },
  }
}

const WHERE = 'an entry of sqs()'
const FIELDS = ['body', 'attributes', 'group', 'deduplicationId', 'delaySeconds']

const isDelay = (seconds: unknown) => Number.isSafeInteger(seconds) && Number(seconds) >= 0 && Number(seconds) <= 900

/** SQS message quotas: 1 MiB since August 2025, for a message and for all of a request. */
const MAX_BYTES = 1_048_576
