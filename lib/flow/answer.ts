import { WsError } from '../errors.ts'
import { valid } from '../schema.ts'
import { type Correlation, correlated } from './correlation.ts'
import { fits, send } from './deliver.ts'
import type { Plan } from './plan.ts'
import { reach } from './reach.ts'

/** Answer a message whose answer was to come later; by an error, where that is what it comes to. */
export const reply = async (plan: Plan, correlation: string, data: unknown): Promise<boolean> => {
  const message = messageOf(correlation)
  const { action } = message
  if (data instanceof WsError) return answer(plan, message, (frame) => plan.codec.error(frame, data.toPeer()))
  const schema = plan.routes.get(action)?.reply
  const value = schema ? await valid(schema, data, `The reply of '${action}'`) : data
  return answer(plan, message, (frame) => plan.codec.reply(frame, value))
}

/** Tell how far a message is whose answer is to come later. */
export const progress = async (plan: Plan, correlation: string, data: unknown): Promise<boolean> => {
  const message = messageOf(correlation)
  const { action, id } = message
  const schema = plan.routes.get(action)?.progress
  if (!schema) throw new TypeError(`'${action}' has no progress. Say what it is: route({ progress: schema }).`)
  const step = await valid(schema, data, `The progress of '${action}'`)
  const { codec } = plan
  return answer(plan, message, (frame) => codec.progress?.(frame, step) ?? codec.push('$progress', { id, data: step }))
}

const messageOf = (correlation: unknown): Correlation => {
  const message = correlated(correlation)
  if (message) return message
  throw new TypeError('This is no correlation. Pass the text that came with the event, as it is.')
}

type Frame = Parameters<Plan['codec']['reply']>[0]

const answer = async (
  plan: Plan,
  { connectionId, action, id, api }: Correlation,
  write: (frame: Frame) => string | undefined,
): Promise<boolean> => {
  const frame = write({ action, id, data: undefined })
  // A wire that says nothing after such a message.
  if (frame === undefined) return true
  await fits(plan, frame)
  return send(plan, { gateway: reach(plan, api) }, connectionId, frame)
}
