import { report } from '../flow/report.ts'
import { mistake, need, needKeys } from '../mistakes.ts'
import type { AnyFacts, Next, Passed } from '../types/middleware.ts'
import { eventOf, fit, take } from './leave.ts'
import { abandon, call, close, type Leaving, needPublisher, open } from './leaving.ts'
import { needId } from './origin.ts'
import type { CloudEvent, Publisher } from './publisher.ts'

export interface PublishingOptions<Entry> {
  /** Make the entry of an event. @default the CloudEvent itself, as the publisher carries it */
  readonly transform?: (context: AnyFacts, event: CloudEvent) => Entry | Promise<Entry>
}

/** What `publishing()` adds to the contexts. */
export interface Publishing {
  /**
   * Publish an event. Resolves with its id once it is taken down; it leaves with the others of this invocation, when the
   * handler has returned. Rejects with a `ResourceExhaustedError` for one that is too large, and with a `TypeError` for
   * data that is not JSON.
   */
  readonly publish: (type: string, data?: unknown) => Promise<{ readonly id: string }>
  /**
   * Say that the reply to this message comes from elsewhere, by `server.reply(correlation, …)`: `return replyLater()`.
   * Throws an `InvalidArgumentError` for a message without an id, which nobody could reply to: nothing is published then.
   * Throws a `TypeError` in other phases, where there is nothing to reply to.
   */
  readonly replyLater: () => never
}

/**
 * Let handlers publish events: `context.publish(type, data)`, in every phase.
 *
 * ```ts
 * ws()
 *   .use(publishing(eventbridge({ client: new EventBridgeClient(), busName: 'shop', source: 'shop' })))
 *   .on('order', Order, async ({ data, publish }) => {
 *     const { id } = await publish('ordered', data)
 *     await publish('counted', { items: data.items.length })
 *     return { id }
 *   })
 * ```
 *
 * - The events of an invocation leave together, ten to a call, after the handler has returned and before its reply is
 *   sent. A handler that throws publishes nothing. A reply that then does not fit its schema fails the message, and what has
 *   left stays published.
 * - Where they cannot be published the message fails with `UNAVAILABLE`, and a handshake with 503: a client sends it again,
 *   and what was taken is published again. Where one of them was refused for good the message fails with `INTERNAL`, and a
 *   handshake with 500. The owner hears which of them and why, by a `PublishError`.
 * - Those of a handshake leave whether `onConnect` accepts or rejects it. A middleware around this one that fails after
 *   `next()` comes too late: what has left stays published.
 * - Under a protocol those of a message that changes the state leave after its commit, or never. Where they cannot be
 *   published then the state stands, the reply is sent, and the owner hears of it.
 * - An event's id is the same whenever the same message is handled again, as long as its handler publishes in the same
 *   order: consumers can drop what comes twice.
 *
 * Throws a TypeError for what is no publisher, and for options that are none.
 */
export const publishing = <Entry>(
  publisher: Publisher<Entry>,
  options: PublishingOptions<NoInfer<Entry>> = {},
): ((context: AnyFacts, next: Next) => Promise<Passed<Publishing>>) => {
  needPublisher('publishing()', publisher)
  needKeys('publishing()', options, ['transform'])
  const { transform } = options
  need(transform === undefined || typeof transform === 'function', 'A function', 'publishing({ transform })')

  const takeDown = async (leaving: Leaving<Entry>, context: AnyFacts, type: string, data: unknown) => {
    const place = call(leaving)
    const event = eventOf(leaving, place, type, data)
    const entry = transform ? await transform(context, event) : fit(type, () => publisher.entryOf(event))
    take(leaving, place, type, [entry])
    return { id: event.id }
  }
  return async (context, next) => {
    const leaving = open('publishing()', context, publisher)
    const { out, plan, received } = leaving.whose
    const publish = (type: string, data?: unknown) => {
      if (leaving.opened > 0) return track(leaving, takeDown(leaving, context, type, data))
      const late = Promise.reject(new TypeError(TOO_LATE))
      late.catch((error) => report(plan, received, out?.parsed.action, error))
      return late
    }
    const replyLater = (): never => {
      if (!out) throw mistake('There is no message to reply to.', `replyLater(), in the phase '${context.phase}'`)
      needId(out)
      out.later = true
      // A lie that lets it be returned wherever a reply is due.
      return undefined as never
    }
    let passed: Passed<Publishing>
    try {
      passed = await next<Publishing>({ publish, replyLater })
    } catch (error) {
      await abandon(leaving, error)
      throw error
    }
    await close(leaving)
    return passed
  }
}

/** Know of it until it is done, whether or not the handler waits: a rejection that nobody handles ends the process. */
const track = <Entry, Made>({ pending, failures }: Leaving<Entry>, work: Promise<Made>): Promise<Made> => {
  pending.add(work)
  work.then(
    () => pending.delete(work),
    (error) => {
      pending.delete(work)
      failures.push(error)
    },
  )
  return work
}

const TOO_LATE = 'publish() was called after its handler had returned, and nothing was published. Await what publishes.'
