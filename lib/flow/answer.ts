import { type PeerError, WsError } from '../errors.ts'
import { valid } from '../schema.ts'
import { type Correlation, correlated } from './correlation.ts'
import { fits, send } from './deliver.ts'
import { heirOf } from './heir.ts'
import type { Plan, Route } from './plan.ts'
import { reach } from './reach.ts'

/** Answer a message whose answer was to come later; by an error, where that is what it comes to. */
export const reply = async (plan: Plan, correlation: string, data: unknown): Promise<boolean> => {
  const { message, route } = find(plan, correlation)
  if (data instanceof WsError) return answer(plan, message, true, (frame) => plan.codec.error(frame, told(plan, data)))
  const value = route.reply ? await valid(route.reply, data, `The reply of '${route.name}'`) : data
  return answer(plan, message, true, (frame) => plan.codec.reply(frame, value))
}

/** Tell how far a message is whose answer is to come later. */
export const progress = async (plan: Plan, correlation: string, data: unknown): Promise<boolean> => {
  const { message, route } = find(plan, correlation)
  const { name, progress: schema } = route
  if (!schema) throw new TypeError(`'${name}' has no progress. Say what it is: route({ progress: schema }).`)
  const step = await valid(schema, data, `The progress of '${name}'`)
  const { codec } = plan
  const { id } = message
  const write = (frame: Frame) => codec.progress?.(frame, step) ?? codec.push('$progress', { id, data: step })
  // A step that nobody hears is followed by another one, or by the answer.
  return answer(plan, message, false, write)
}

/** An error that comes later undoes nothing: under a protocol the state of its message stands. */
const told = ({ state }: Plan, error: WsError): PeerError => ({
  ...error.toPeer(),
  ...(state?.protocol !== undefined && { applied: true }),
})

/** The message, and its route: what may be said of it is known by that alone. */
const find = ({ routes, fallback }: Plan, correlation: unknown): { message: Correlation; route: Route } => {
  const message = correlated(correlation)
  if (!message) throw new TypeError('This is no correlation. Pass the text that came with the event, as it is.')
  const route = routes.get(message.route) ?? fallback
  // Written here: mistakes.ts would be loaded at the start of every application by a file of its own.
  if (!route)
    throw new TypeError(
      `This correlation is of a message '${message.route}', which this application has no route for. Answer it by the one that has.`,
    )
  return { message, route }
}

type Frame = Parameters<Plan['codec']['reply']>[0]

const answer = async (
  plan: Plan,
  { connectionId, action, id, api }: Correlation,
  isPatient: boolean,
  write: (frame: Frame) => string | undefined,
): Promise<boolean> => {
  const frame = write({ action, id, data: undefined })
  // A wire that says nothing after such a message.
  if (frame === undefined) return true
  await fits(plan, frame)
  let to: string | undefined = connectionId
  // The peer may have gone on elsewhere, under the same ids.
  for (let hops = 0; to !== undefined && hops < MAX_HOPS; hops++) {
    if (await send(plan, { gateway: reach(plan, api) }, to, frame)) return true
    to = await heirOf(plan, to, isPatient)
  }
  return false
}

/** A client that reconnects each minute makes as many in the life of a record, two hours and a quarter. */
const MAX_HOPS = 256
