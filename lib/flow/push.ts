import { valid } from '../schema.ts'
import { fits } from './deliver.ts'
import type { Plan } from './plan.ts'

/**
 * Check what a push carries against its schema, and write it as a frame that can be carried. A mistake here is the
 * server's.
 */
export const pushFrame = async (plan: Plan, name: string, data: unknown, id?: string): Promise<string> => {
  const schema = Object.hasOwn(plan.pushes, name) ? plan.pushes[name] : undefined
  if (!schema) throw new TypeError(`'${name}' is no push. Declare it: .pushes({ ${name}: schema }).`)
  const frame = plan.codec.push(name, await valid(schema, data, `The data of the push '${name}'`), id)
  return fits(plan, frame) ?? frame
}
