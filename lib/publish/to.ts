import { need, needKeys } from '../mistakes.ts'
import type { Awaitable } from '../types/awaitable.ts'
import type { MessageFacts } from '../types/context.ts'
import { hand } from './hand.ts'
import { needPublisher } from './leaving.ts'
import type { Origin, Publisher } from './publisher.ts'

/**
 * Make of a message the entry, or the entries, that it is published as. `origin` is what the message can be told by: its
 * `correlation` goes with an event that is to be answered.
 */
export type Transform<Entry, Context extends MessageFacts> = (
  context: Context,
  data: Context['data'],
  origin: Origin,
) => Awaitable<Entry | readonly Entry[]>

export interface PublishToOptions {
  /** The reply comes from elsewhere, by `server.reply(correlation, …)`: see `route({ reply })`. @default false */
  readonly later?: boolean
}

/** What a message is answered that was published: the ids that the service gave. */
export interface PublishReply {
  /** Of the first entry. */
  readonly id: string
  /** Of all of them, where there are several. */
  readonly ids?: readonly string[]
}

/**
 * Handle a route by publishing its messages.
 *
 * ```ts
 * const bus = eventbridge({ client: new EventBridgeClient(), busName: 'shop', source: 'shop' })
 * ws()
 *   .on('order', Order, publishTo(bus))
 *   .on('cancel', Cancel, publishTo(bus, ({ connection }, { order }) => ({
 *     detailType: 'Order cancelled',
 *     detail: { order, by: connection.id },
 *   })))
 *   .on('quote', route({ input: Order, reply: Quote }), publishTo(bus, undefined, { later: true }))
 * ```
 *
 * - Without `transform` a message becomes a CloudEvent 1.0 with the name of its route as `type`, and with `connectionid`,
 *   `messageid`, `requestid` and `correlation`.
 * - The reply is `{ id }`, the id that the service gave; `{ id, ids }` for several entries. With `{ later: true }` it is
 *   whatever `server.reply(correlation, data)` says. A message without an id could not be told apart by it, and is refused
 *   with `INVALID_ARGUMENT` before anything is published.
 * - An entry that is too large fails the message with `RESOURCE_EXHAUSTED`, its size and the limit, before anything leaves.
 * - What cannot be published fails the message with `UNAVAILABLE`; the owner hears which entry and why, by a
 *   `PublishError`. A client sends such a message again by itself, and the event then has the same id as before. Where one
 *   of its entries was refused for good it is `INTERNAL`, and not sent again: that would publish the others once more.
 * - Under a protocol an event of a message that changes the state leaves after its commit, or never. Where it cannot be
 *   published then, the state stands, and the peer is told `UNKNOWN`: the message was applied, and what was to follow has
 *   not, or not all of it. To send it again would be `ALREADY_EXISTS`.
 *
 * A handler that does more than this publishes by `publishing()`. Throws a TypeError for what is no publisher, and for
 * options that are none.
 */
export function publishTo<Entry, Context extends MessageFacts = MessageFacts>(
  publisher: Publisher<Entry>,
  transform: Transform<NoInfer<Entry>, Context> | undefined,
  options: PublishToOptions & { readonly later: true },
): (context: Context) => Promise<never>
export function publishTo<Entry, Context extends MessageFacts = MessageFacts>(
  publisher: Publisher<Entry>,
  transform?: Transform<NoInfer<Entry>, Context>,
  options?: PublishToOptions & { readonly later?: false },
): (context: Context) => Promise<PublishReply>
export function publishTo<Entry, Context extends MessageFacts>(
  publisher: Publisher<Entry>,
  transform?: Transform<Entry, Context>,
  options: PublishToOptions = {},
): (context: Context) => Promise<PublishReply | undefined> {
  needPublisher('publishTo()', publisher)
  need(
    transform === undefined || typeof transform === 'function',
    'A function, or undefined,',
    'publishTo(publisher, transform)',
  )
  needKeys('publishTo()', options, ['later'])
  const { later = false } = options
  need(typeof later === 'boolean', 'A boolean', 'publishTo({ later })')
  return (context) => hand(publisher, transform, later, context)
}
