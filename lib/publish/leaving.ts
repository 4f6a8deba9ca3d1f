import { MessageContext, type Out } from '../flow/context.ts'
import type { Plan } from '../flow/plan.ts'
import type { Received } from '../flow/receive.ts'
import { report } from '../flow/report.ts'
import { wayOf } from '../flow/ways.ts'
import { need } from '../mistakes.ts'
import { leave, sorry } from './leave.ts'
import type { Published, Publisher } from './publisher.ts'

/**
 * What an invocation publishes by one publisher. It leaves together, when the outermost of those that have it open has
 * closed it: so that a handler and the middleware around it need one call of the service.
 */
export interface Leaving<Entry> {
  readonly publisher: Publisher<Entry>
  readonly whose: Whose
  readonly calls: Call<Entry>[]
  /** What is being taken down, and what could not be. */
  readonly pending: Set<Promise<unknown>>
  readonly failures: unknown[]
  /** How many have it open. 0: it has left, or never will. */
  opened: number
}

/** What was asked for at once: its events are numbered, in the order in which they were asked for. */
export interface Call<Entry> {
  readonly number: number
  taken: readonly Taken<Entry>[]
  /** What became of them, in their order. */
  outcomes?: readonly Published[]
  /** Called with that. */
  told?: (outcomes: readonly Published[]) => Promise<void>
}

export interface Taken<Entry> {
  /** Of the event. */
  readonly id: string
  readonly entry: Entry
}

/** The invocation whose events these are. */
export interface Whose {
  readonly context: object
  readonly plan: Plan
  readonly received: Received
  /** Where it is a message. */
  readonly out: Out | undefined
  calls: number
  readonly open: Map<unknown, unknown>
}

/** Open it; whoever does closes it again, or abandons it. */
export const open = <Entry>(where: string, context: object, publisher: Publisher<Entry>): Leaving<Entry> => {
  const whose = whoseOf(where, context)
  const found = whose.open.get(publisher) as Leaving<Entry> | undefined // as it was put there
  const leaving = found ?? { publisher, whose, calls: [], pending: new Set(), failures: [], opened: 0 }
  whose.open.set(publisher, leaving)
  leaving.opened++
  return leaving
}

/** A place among what leaves. */
export const call = <Entry>({ whose, calls }: Leaving<Entry>): Call<Entry> => {
  const made: Call<Entry> = { number: whose.calls++, taken: [] }
  calls.push(made)
  return made
}

/**
 * It may leave, as far as this one is concerned: after the commit of a message that changes the state, and now in all
 * other cases, where it then rejects with what has failed.
 */
export const close = async <Entry>(leaving: Leaving<Entry>): Promise<void> => {
  if (!(await isLast(leaving)) || leaving.calls.length === 0) return
  const { out } = leaving.whose
  if (out?.box.shut) await out.box.send(() => leave(leaving))
  else await leave(leaving).catch(sorry)
}

/** What was handled has failed: nothing leaves. */
export const abandon = async <Entry>(leaving: Leaving<Entry>, error: unknown): Promise<void> => {
  await isLast(leaving, error)
}

const isLast = async <Entry>(leaving: Leaving<Entry>, told?: unknown): Promise<boolean> => {
  const { pending, failures, whose, publisher } = leaving
  // What somebody did not await is awaited here.
  while (pending.size > 0) await Promise.allSettled(pending)
  leaving.opened--
  if (leaving.opened > 0) return false
  whose.open.delete(publisher)
  // As with what a message sends: what failed, and has not failed the whole, is told to the owner.
  const { plan, received, out } = whose
  for (const error of failures) if (error !== told) await report(plan, received, out?.parsed.action, error)
  return true
}

const whoseOf = (where: string, context: object): Whose => {
  const out = MessageContext.outOf(context)
  const way = out ?? wayOf(context)
  need(way !== undefined, 'A context as the library made it', where)
  const found = known.get(context) ?? { context, ...(way as Known), out, calls: 0, open: new Map() }
  known.set(context, found)
  return found
}

type Known = Pick<Whose, 'plan' | 'received'>

const known = new WeakMap<object, Whose>()

/** Refuse what is no publisher. */
export const needPublisher = (where: string, publisher: unknown): void => {
  const { publish, entryOf, mark, check } = Object(publisher)
  need(
    [publish, entryOf, mark, check].every((part) => typeof part === 'function'),
    'A publisher',
    `${where}: eventbridge(), sqs(), sns() or memory(), or one of your own: { publish, entryOf, mark, check }`,
  )
}
