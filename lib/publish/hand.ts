import { UnknownOutcomeError } from '../errors.ts'
import type { Out } from '../flow/context.ts'
import { fits } from '../flow/deliver.ts'
import { mistake, need } from '../mistakes.ts'
import { valid } from '../schema.ts'
import type { MessageFacts } from '../types/context.ts'
import { eventOf, fit, take } from './leave.ts'
import { abandon, type Call, call, close, type Leaving, open } from './leaving.ts'
import { needId, originOf } from './origin.ts'
import type { Published, Publisher } from './publisher.ts'
import type { PublishReply, Transform } from './to.ts'

/** Publish a message, and answer it. `undefined` where the answer comes later: after the commit, or from elsewhere. */
export const hand = async <Entry, Context extends MessageFacts>(
  publisher: Publisher<Entry>,
  transform: Transform<Entry, Context> | undefined,
  isLater: boolean,
  context: Context,
): Promise<PublishReply | undefined> => {
  const leaving = open('publishTo()', context, publisher)
  const { out } = leaving.whose
  const place = call(leaving)
  try {
    if (!out) throw mistake('publishTo() handles messages.', `the phase '${context.phase}'`)
    if (isLater) needId(out)
    take(leaving, place, context.name, await entriesOf(leaving, place, transform, context))
  } catch (error) {
    await abandon(leaving, error)
    throw error
  }
  if (isLater) out.later = true
  await close(leaving)
  const { outcomes } = place
  if (outcomes) return isLater ? undefined : replyOf(outcomes)
  // It has not left yet: it waits for a commit, or for others who publish too.
  out.later = true
  place.told = (given) => answer(out, context.name, isLater, given)
  return undefined
}

const entriesOf = async <Entry, Context extends MessageFacts>(
  leaving: Leaving<Entry>,
  place: Call<Entry>,
  transform: Transform<Entry, Context> | undefined,
  context: Context,
): Promise<readonly Entry[]> => {
  const { name, data } = context
  if (!transform) {
    const event = eventOf(leaving, place, name, data)
    return [fit(name, () => leaving.publisher.entryOf(event))]
  }
  const made = await transform(context, data, originOf(leaving.whose, place, 0, name))
  // A cast: no entry is an array, which a type parameter cannot say.
  const entries = (Array.isArray(made) ? made : [made]) as readonly Entry[]
  need(entries.length > 0, 'An entry', `what publishTo() is to publish of '${name}'`)
  return entries
}

const replyOf = (outcomes: readonly Published[]): PublishReply => {
  const ids = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.id] : []))
  return { id: ids[0] ?? '', ...(ids.length > 1 && { ids }) }
}

/** Put down the answer of a message that waited for its event to leave. */
const answer = async (out: Out, name: string, isLater: boolean, outcomes: readonly Published[]): Promise<void> => {
  const { plan, parsed } = out
  // The state of the message stands by now, if it has any: it is neither to be sent again nor to be taken for done.
  out.answer = plan.codec.error(parsed, new UnknownOutcomeError(UNPUBLISHED).toPeer())
  if (outcomes.some(({ ok }) => !ok)) return
  if (isLater) {
    out.answer = undefined
    return
  }
  const schema = plan.routes.get(name)?.reply
  const reply = replyOf(outcomes)
  const frame = plan.codec.reply(parsed, schema ? await valid(schema, reply, `The reply of '${name}'`) : reply)
  if (frame !== undefined) await fits(plan, frame)
  out.answer = frame
}

const UNPUBLISHED = 'This message was applied, but what it was to publish was not taken, or not all of it.'
