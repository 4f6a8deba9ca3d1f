import { mistake, need } from '../mistakes.ts'
import type { Origin } from './publisher.ts'

/** What an entry says of its place among others. */
export interface Placed {
  /** Messages of a group arrive in the order in which they were sent. */
  readonly group?: string
  /** A message with the id of one that was taken within five minutes is taken, and delivered no second time. */
  readonly deduplicationId?: string
}

/** As SQS and SNS name it. */
export interface WirePlace {
  readonly MessageGroupId?: string
  readonly MessageDeduplicationId?: string
}

/** Bring it into the form in which it is sent. Throws a TypeError, in a sentence, for what the queue or topic refuses. */
export const wirePlace = ({ group, deduplicationId }: Placed, isFifo: boolean, where: string): WirePlace => {
  need(group === undefined || isToken(group), `A group of ${TOKEN}`, where)
  need(deduplicationId === undefined || isToken(deduplicationId), `A deduplicationId of ${TOKEN}`, where)
  if (isFifo) {
    need(group !== undefined, 'The group', `${where}, which is FIFO`)
    need(deduplicationId !== undefined, 'The deduplicationId', `${where}, which is FIFO`)
  } else if (deduplicationId !== undefined) throw mistake('Only what is FIFO takes a deduplicationId.', where)
  return {
    ...(group !== undefined && { MessageGroupId: group }),
    ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
  }
}

/** In the order of its connection, and once for each event, unless the entry says otherwise. */
export const placeBy = ({ group, deduplicationId }: Placed, origin: Pick<Origin, 'id' | 'connectionId'>): Placed => ({
  group: group ?? tokenOf(origin.connectionId),
  deduplicationId: deduplicationId ?? tokenOf(origin.id),
})

/** Ids of messages are a peer's: of one that cannot be such a token, the digest is one. */
const tokenOf = (id: string) =>
  isToken(id) ? id : process.getBuiltinModule('node:crypto').createHash('sha256').update(id).digest('base64url')

/** SQS and SNS API references, MessageGroupId and MessageDeduplicationId: ASCII without the blank. */
const isToken = (value: unknown) => typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value)
const TOKEN = '1 to 128 letters, digits and punctuation marks of ASCII'
