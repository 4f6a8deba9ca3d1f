import { PutEventsCommand, type PutEventsCommandOutput } from '@aws-sdk/client-eventbridge'
import { mistake, need, needKeys } from '../mistakes.ts'
import { isThrottling, type Until } from './attempts.ts'
import { inBatches } from './batch.ts'
import type { Client } from './entries.ts'
import type { Published, Publisher } from './publisher.ts'
import { needBytes, needRoom } from './text.ts'
import { traceHeader } from './trace.ts'

export interface EventBridgeOptions {
  /** An `EventBridgeClient` of the AWS SDK v3. */
  readonly client: Client
  /** The name of the bus, or its ARN. EventBridge takes events for a bus that does not exist, and drops them. @default 'default' */
  readonly busName?: string
  /** Where events come from, of CloudEvents too. @default what the CloudEvent says; 'ws-interlock' for other entries */
  readonly source?: string
  /**
   * What the entries of a request take at most, and so each of them. Some Regions and emulators still take 262144.
   * @default 1000000
   */
  readonly maxBytes?: number
}

/** An event for an EventBridge bus. */
export interface EventBridgeEntry {
  /** What kind of event it is. Up to 128 characters. */
  readonly detailType: string
  /** What happened: an object that is JSON. */
  readonly detail: object
  /** @default that of `eventbridge({ source })` */
  readonly source?: string
  /** What it is about: ARNs, as a rule. */
  readonly resources?: readonly string[]
  /** When it happened, in whole seconds. @default when EventBridge gets it */
  readonly time?: Date
}

/**
 * Publish events to an EventBridge bus.
 *
 * ```ts
 * import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
 * import { eventbridge } from 'ws-interlock/publish/eventbridge'
 *
 * const bus = eventbridge({ client: new EventBridgeClient(), busName: 'shop', source: 'shop.live' })
 * ws().on('order', Order, publishTo(bus, (_, order) => ({ detailType: 'OrderPlaced', detail: order })))
 * ```
 *
 * - A CloudEvent is the detail, whole; its type is the detail type.
 * - EventBridge has no attributes: what is known of the message is in the CloudEvent (`connectionid`, `correlation` and so
 *   on), and an entry of a transform is sent as it is. A transform that wants an answer to come back puts the correlation
 *   into the detail itself.
 * - Ten entries go into a request, or as many as take less than 1 MB together (API reference, PutEvents). They are counted
 *   as the user guide says, "Calculating PutEvents event entry size": source, detail type, detail and resources in UTF-8,
 *   and 14 bytes for a time. The default stays below 1 MB of either reading, because targets get the entry in an envelope
 *   of some hundred bytes more, and drop what is then too large for them.
 * - X-Ray's trace goes on: what Lambda says of it, `_X_AMZN_TRACE_ID`, is the `TraceHeader` of each entry. It counts for
 *   nothing (user guide, "Amazon EventBridge integration with AWS X-Ray").
 * - What the service failed to take is sent again, that alone, up to four times within seconds. An event may therefore
 *   arrive twice; EventBridge gives it another id then, and the CloudEvent has the same one.
 * - Order is not kept: EventBridge keeps none.
 *
 * The function needs
 * `{ "Effect": "Allow", "Action": "events:PutEvents", "Resource": "arn:aws:events:REGION:ACCOUNT:event-bus/BUS" }`.
 *
 * Throws a TypeError for what is no client, or another option. An entry that EventBridge would refuse is thrown before
 * anything is sent: a `ResourceExhaustedError` for one that is too large, a TypeError for the rest.
 */
export const eventbridge = (options: EventBridgeOptions): Publisher<EventBridgeEntry> => {
  needKeys('eventbridge()', options, ['client', 'busName', 'source', 'maxBytes'])
  const { client, busName = 'default', source, maxBytes = MAX_BYTES } = options
  const clientName = 'An EventBridgeClient of @aws-sdk/client-eventbridge'
  need(typeof Object(client).send === 'function', clientName, 'eventbridge({ client })')
  need(/^[\w./:-]{1,1600}$/.test(busName), 'The name of a bus, or its ARN,', 'eventbridge({ busName })')
  if (source !== undefined) needSource(source, 'eventbridge({ source })')
  needBytes(maxBytes, MOST_BYTES, 'eventbridge({ maxBytes })')

  const pack = (entry: EventBridgeEntry) => {
    needKeys(WHERE, entry, FIELDS, `${WHERE} has no such field.`)
    const { detailType, resources, time } = entry
    const own = entry.source ?? source ?? 'ws-interlock'
    needSource(own, WHERE)
    need(isLong(detailType, 128), 'A detailType of 1 to 128 characters', WHERE)
    need(resources === undefined || areResources(resources), 'An array of resources, each up to 2048 long,', WHERE)
    need(
      time === undefined || (time instanceof Date && Number.isFinite(time.getTime())),
      'A time that is a Date',
      WHERE,
    )
    const detail = detailOf(entry)
    const bytes = [own, detailType, detail, ...(resources ?? [])].reduce(
      (sum, text) => sum + Buffer.byteLength(text),
      time ? TIME_BYTES : 0,
    )
    needRoom(bytes, maxBytes, 'this bus')
    const parcel = {
      EventBusName: busName,
      Source: own,
      DetailType: detailType,
      Detail: detail,
      ...(resources && { Resources: [...resources] }),
      ...(time && { Time: time }),
    }
    return { parcel, bytes }
  }
  type Parcel = ReturnType<typeof pack>['parcel']
  const ask = async (parcels: readonly Parcel[], until: Until): Promise<readonly Published[]> => {
    const TraceHeader = traceHeader()
    const Entries = parcels.map((parcel) => ({ ...parcel, ...(TraceHeader !== undefined && { TraceHeader }) }))
    const command = new PutEventsCommand({ Entries })
    // Casts, because the client takes commands of its own package, and answers by command.
    const said = (await client.send(command as never, until)) as Partial<PutEventsCommandOutput>
    return (said.Entries ?? []).map(({ EventId, ErrorCode = 'Unknown', ErrorMessage = '' }) =>
      EventId !== undefined
        ? { ok: true, id: EventId }
        : { ok: false, code: ErrorCode, message: ErrorMessage, isPassing: isPassing(ErrorCode) },
    )
  }
  return {
    publish: inBatches({ pack, ask, maxBytes, isOrdered: false }),
    entryOf: (event) => {
      const own = source ?? event.source
      return { detailType: event.type, detail: { ...event, source: own }, source: own, time: new Date(event.time) }
    },
    mark: (entry) => entry,
    check: (entry) => {
      pack(entry)
    },
  }
}

const WHERE = 'an entry of eventbridge()'
const FIELDS = ['detailType', 'detail', 'source', 'resources', 'time']

const needSource = (source: unknown, where: string) => {
  need(isLong(source, 256), 'A source of 1 to 256 characters', where)
  // User guide, "Amazon EventBridge events": those are of AWS services, and PutEvents refuses them.
  if (`${source}`.startsWith('aws.')) throw mistake("Only AWS itself is a source that begins with 'aws.'.", where)
}

const detailOf = ({ detail }: EventBridgeEntry) => {
  const text: unknown = JSON.stringify(detail)
  need(typeof text === 'string' && text.startsWith('{'), 'A detail that is an object of JSON', WHERE)
  return `${text}`
}

const isLong = (text: unknown, most: number): boolean =>
  typeof text === 'string' && text.length > 0 && text.length <= most

const areResources = (resources: unknown) => Array.isArray(resources) && resources.every((each) => isLong(each, 2048))

/** API reference, PutEventsResultEntry: the errors that it calls retryable. */
const isPassing = (code: string) => isThrottling(code) || code === 'InternalFailure' || code === 'InternalException'

const TIME_BYTES = 14
const MAX_BYTES = 1_000_000
/** "1MB" of the API reference, in its larger reading. */
const MOST_BYTES = 1_048_576
