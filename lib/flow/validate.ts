import type { SchemaResult } from '../schema.ts'
import { Flaw } from './fault.ts'
import type { Parsed } from './parse.ts'
import type { Route } from './plan.ts'

/** Say whether a message is right: what its schema makes of its data. A route without a schema takes none. */
export const validate = ({ name, input }: Route, { body, data }: Parsed): unknown => {
  if (name === '$default') return body
  if (!input) return undefined
  let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>
  try {
    result = input['~standard'].validate(data)
  } catch (error) {
    throw broken(name, error)
  }
  // Any thenable: a promise may be of another realm, or of another library.
  if (!('then' in result)) return outputOf(result, name)
  return Promise.resolve(result).then(
    (settled) => outputOf(settled, name),
    (error) => {
      throw broken(name, error)
    },
  )
}

const outputOf = ({ issues, value }: SchemaResult<unknown>, name: string): unknown => {
  if (issues) throw new Flaw((say) => say.invalid(name, issues))
  return value
}

const broken = (name: string, error: unknown) => new Flaw((say) => say.broken(name, error))
