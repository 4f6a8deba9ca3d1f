import { InvalidArgumentError } from '../errors.ts'
import type { Out } from '../flow/context.ts'
import { correlate } from '../flow/correlation.ts'
import type { Call, Whose } from './leaving.ts'
import type { Origin } from './publisher.ts'

/**
 * Say what an event comes of. Its id is made of the message's idempotency key and of its place among the events of the
 * message, so that a message which is handled again makes the same events again. A hash of them: a peer chooses a part of
 * that key, and the id has to fit wherever a service wants one (SQS takes 128 characters of `A-Za-z0-9` and punctuation).
 */
export const originOf = (whose: Whose, { number }: Pick<Call<unknown>, 'number'>, at: number, type: string): Origin => {
  // Not imported: what an application publishes by is loaded at its start, and it may publish nothing.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const { received, out } = whose
  const { connectionId, event } = received
  return {
    // The type is part of it: a handler that takes another branch the second time makes another event.
    id: createHash('sha256')
      .update(JSON.stringify([keyOf(whose), number, at, type]))
      .digest('base64url'),
    connectionId,
    messageId: out?.parsed.id,
    requestId: event.requestContext.requestId,
    correlation: out && correlate(out.received, out.parsed, nameOf(whose)),
  }
}

/** Refuse a message that nobody could answer later. */
export const needId = ({ parsed }: Out): void => {
  if (parsed.id === undefined) throw new InvalidArgumentError('This message needs an id, since its answer comes later.')
}

/** The name of the route. */
export const nameOf = ({ context }: Whose): string => (context as { readonly name: string }).name

const keyOf = ({ context, received, out }: Whose): string => {
  const { connectionId, event } = received
  // No message has such a key: theirs go on with '/#' or '/id/'. A handshake comes once, and so does a farewell.
  if (!out) return `${connectionId}/${event.requestContext.eventType}`
  return (context as { readonly idempotencyKey: string }).idempotencyKey
}
