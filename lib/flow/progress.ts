import { valid } from '../schema.ts'
import type { Out } from './context.ts'
import { fits, send } from './deliver.ts'
import type { Route } from './plan.ts'

/**
 * Tell the peer how far its message is, at once: that the handler has come so far is true whether or not its outcome is
 * ever stored. A peer that gave its message no id could not tell what this is of, and is told nothing.
 */
export const tell = async (
  { plan, received, parsed }: Out,
  { name, progress }: Route,
  given: unknown,
): Promise<void> => {
  const data = progress && (await valid(progress, given, `The progress of '${name}'`))
  const { id } = parsed
  if (id === undefined) return
  const { codec } = plan
  const frame = codec.progress?.(parsed, data) ?? codec.push('$progress', { id, data })
  await fits(plan, frame)
  await send(plan, received, received.connectionId, frame)
}
