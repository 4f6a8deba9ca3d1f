import { PublishBatchCommand, type PublishBatchCommandOutput } from '@aws-sdk/client-sns'
import { need, needKeys } from '../mistakes.ts'
import type { Until } from './attempts.ts'
import { type Attributes, attributesBytes, markAttributes, wireAttributes } from './attributes.ts'
import { inBatches } from './batch.ts'
import { type Client, readEntries } from './entries.ts'
import { type Placed, placeBy, wirePlace } from './fifo.ts'
import type { Publisher } from './publisher.ts'
import { needBytes, needRoom, plainJson } from './text.ts'

export interface SnsOptions {
  /** An `SNSClient` of the AWS SDK v3. */
  readonly client: Client
  readonly topicArn: string
  /** Whether the topic is FIFO. @default whether its ARN ends with `.fifo` */
  readonly fifo?: boolean
  /** What a message takes at most, and a request: the topic's `MaximumMessageSize`, up to 1 MiB. @default 262144 */
  readonly maxBytes?: number
}

/** A message for an SNS topic. */
export interface SnsEntry extends Placed {
  /** Not empty. */
  readonly message: string
  /** What an e-mail has for a subject: less than 100 characters, on one line. */
  readonly subject?: string
  /** Up to ten. Those that are free are taken by what is known of the message. */
  readonly attributes?: Attributes
}

/**
 * Publish events to an SNS topic.
 *
 * ```ts
 * import { SNSClient } from '@aws-sdk/client-sns'
 * import { sns } from 'ws-interlock/publish/sns'
 *
 * const orders = sns({ client: new SNSClient(), topicArn: process.env.TOPIC_ARN ?? '' })
 * ws().on('order', Order, publishTo(orders, (_, { sku }) => ({ message: sku, attributes: { kind: 'order' } })))
 * ```
 *
 * - The message of a CloudEvent is its JSON.
 * - `correlation`, `eventId`, `connectionId`, `messageId` and `requestId` travel as message attributes, in this order as
 *   far as there is room beside those of the entry. SNS would take more than ten, and drop such a message on its way to an
 *   SQS queue with raw delivery; so ten it is. An attribute of the entry by such a name stands.
 * - Ten messages or 256 KiB go into a request (API reference, PublishBatch), or what `maxBytes` says: messages and
 *   subjects in UTF-8, and of each attribute its name, type and value. What the service failed to take is sent again, that
 *   alone, up to four times within seconds. Subscribers of a standard topic may therefore get an event twice, which then
 *   has the same `eventId`.
 * - X-Ray's trace is not in the messages: PublishBatch has no place for it.
 * - FIFO: the group is the connection and the deduplication id that of the event, unless the entry has its own. Requests
 *   go one after the other. If SNS fails to take one message of a request, that one arrives after the rest of it.
 *
 * The function needs `{ "Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:REGION:ACCOUNT:TOPIC" }`.
 *
 * Throws a TypeError for what is no client, no ARN, or another option. An entry that SNS would refuse is thrown before
 * anything is sent: a `ResourceExhaustedError` for one that is too large, a TypeError for the rest.
 */
export const sns = (options: SnsOptions): Publisher<SnsEntry> => {
  needKeys('sns()', options, ['client', 'topicArn', 'fifo', 'maxBytes'])
  const { client, topicArn, maxBytes = MAX_BYTES } = options
  need(typeof Object(client).send === 'function', 'An SNSClient of @aws-sdk/client-sns', 'sns({ client })')
  need(isArn(topicArn), 'The ARN of a topic, arn:aws:sns:REGION:ACCOUNT:TOPIC,', 'sns({ topicArn })')
  const { fifo = topicArn.endsWith('.fifo') } = options
  need(typeof fifo === 'boolean', 'True or false', 'sns({ fifo })')
  needBytes(maxBytes, MOST_BYTES, 'sns({ maxBytes })')

  const pack = (entry: SnsEntry) => {
    needKeys(WHERE, entry, FIELDS, `${WHERE} has no such field.`)
    const { message, subject } = entry
    need(isMessage(message), 'A message, a text that is not empty and has no halves of surrogate pairs,', WHERE)
    need(subject === undefined || isSubject(subject), 'A subject of 1 to 99 characters on one line', WHERE)
    const MessageAttributes = wireAttributes(entry.attributes, WHERE)
    const bytes = Buffer.byteLength(message) + Buffer.byteLength(subject ?? '') + attributesBytes(MessageAttributes)
    needRoom(bytes, maxBytes, 'a message of this topic')
    const parcel = {
      Message: message,
      ...(subject !== undefined && { Subject: subject }),
      ...(MessageAttributes && { MessageAttributes }),
      ...wirePlace(entry, fifo, WHERE),
    }
    return { parcel, bytes }
  }
  type Parcel = ReturnType<typeof pack>['parcel']
  const ask = async (parcels: readonly Parcel[], until: Until) => {
    const PublishBatchRequestEntries = parcels.map((parcel, index) => ({ Id: `${index}`, ...parcel }))
    const command = new PublishBatchCommand({ TopicArn: topicArn, PublishBatchRequestEntries })
    // Casts, because the client takes commands of its own package, and answers by command.
    const said = (await client.send(command as never, until)) as Partial<PublishBatchCommandOutput>
    return readEntries(parcels.length, said)
  }
  return {
    publish: inBatches({ pack, ask, maxBytes, isOrdered: fifo }),
    entryOf: (event) => ({
      message: plainJson(event),
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

const WHERE = 'an entry of sns()'
const FIELDS = ['message', 'subject', 'attributes', 'group', 'deduplicationId']

const isArn = (arn: unknown): arn is string =>
  typeof arn === 'string' && /^arn:[\w-]+:sns:[\w-]*:\d*:[\w.-]+$/.test(arn)

/** The SDK escapes the message for a URL, which half a pair cannot be. */
const isMessage = (message: unknown) => typeof message === 'string' && message !== '' && message.isWellFormed()

/** API reference, Publish. "No line breaks or control characters, and less than 100 characters long." */
const isSubject = (subject: unknown) => typeof subject === 'string' && /^[^\p{Cc}\p{Cs}]{1,99}$/u.test(subject)

/** API reference, PublishBatch: 256 KiB for a message and for all of a request, unless the topic says otherwise. */
const MAX_BYTES = 262_144
/** Amazon SNS Developer Guide, "Large message payloads": what a topic may say at most. */
const MOST_BYTES = 1_048_576
