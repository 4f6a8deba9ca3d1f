import { mistake, need, needKeys } from '../mistakes.ts'
import type { Origin } from './publisher.ts'
import { isText } from './text.ts'

/** Facts beside a message, by name: subscribers filter by them. A number travels as `Number`, a text as `String`. */
export type Attributes = Readonly<Record<string, string | number>>

/** An attribute as SQS and SNS take it. */
export interface WireAttribute {
  readonly DataType: 'String' | 'Number'
  readonly StringValue: string
}

/**
 * Bring attributes into the form in which they are sent. Throws a TypeError, in a sentence, for those that are none.
 *
 * Amazon SQS Developer Guide, "Message attribute components", and Amazon SNS Developer Guide, "Message attributes": names
 * of `A-Z a-z 0-9 _ - .` up to 256 characters, not of `AWS.` or `Amazon.`, no period at either end nor two in a row; no
 * value is empty.
 */
export const wireAttributes = (
  attributes: Attributes | undefined,
  where: string,
): Readonly<Record<string, WireAttribute>> | undefined => {
  if (attributes === undefined) return undefined
  needKeys(`${where}: attributes`, attributes)
  const names = Object.keys(attributes)
  if (names.length > MAX_ATTRIBUTES)
    throw mistake(`A message has ${MAX_ATTRIBUTES} attributes at most.`, `${names.length} in ${where}`)
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => {
      need(isName(name), 'A name of letters, digits, _, - and single periods', `${where}: attributes, '${name}'`)
      if (typeof value === 'number') {
        need(Number.isFinite(value), 'A number that is finite', `${where}: attributes, '${name}'`)
        return [name, { DataType: 'Number', StringValue: `${value}` }]
      }
      // Their references: a value has "the same restrictions on the content as the message body".
      need(isText(value), 'A text or a number, not empty and of valid characters,', `${where}: attributes, '${name}'`)
      return [name, { DataType: 'String', StringValue: value }]
    }),
  )
}

/** What attributes count for: name, type and value of each (API references, MessageAttributeValue). */
export const attributesBytes = (attributes: Readonly<Record<string, WireAttribute>> = {}): number =>
  Object.entries(attributes).reduce(
    (sum, [name, { DataType, StringValue }]) =>
      sum + Buffer.byteLength(name) + DataType.length + Buffer.byteLength(StringValue),
    0,
  )

/** Add what is known of a message, as far as there is room. What has such a name already stands. */
export const markAttributes = (attributes: Attributes | undefined, origin: Origin): Attributes => {
  const marked: Record<string, string | number> = { ...attributes }
  for (const [name, value] of factsOf(origin)) {
    if (Object.keys(marked).length >= MAX_ATTRIBUTES) break
    // The id of a message is a peer's, and may be of characters that no attribute takes.
    if (!Object.hasOwn(marked, name) && isText(value)) marked[name] = value
  }
  return marked
}

/** What is needed most comes first. */
const factsOf = ({ id, connectionId, messageId, requestId, correlation }: Origin) =>
  [
    ['correlation', correlation],
    ['eventId', id],
    ['connectionId', connectionId],
    ['messageId', messageId],
    ['requestId', requestId],
  ] as const

const isName = (name: string) => /^(?!aws\.|amazon\.)[\w-]+(\.[\w-]+)*$/i.test(name) && name.length <= 256

/** SQS message quotas. SNS takes more, and drops those messages on their way to an SQS queue with raw delivery. */
const MAX_ATTRIBUTES = 10
