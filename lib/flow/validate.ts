import { InvalidArgumentError } from '../errors.ts'
import type { SchemaIssue, SchemaResult } from '../schema.ts'
import type { Parsed } from './parse.ts'
import type { Route } from './plan.ts'
import { Fault } from './refuse.ts'

/** Say whether a message is right: what its schema makes of its data. A route without a schema takes none. */
export const validate = (route: Route, { body, data }: Parsed): unknown => {
  if (route.name === '$default') return body
  if (!route.input) return undefined
  let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>
  try {
    result = route.input['~standard'].validate(data)
  } catch (error) {
    throw broken(route.name, error)
  }
  // Any thenable: a promise may be of another realm, or of another library.
  if (!('then' in result)) return outputOf(result, route.name)
  return Promise.resolve(result).then(
    (settled) => outputOf(settled, route.name),
    (error) => {
      throw broken(route.name, error)
    },
  )
}

const outputOf = (result: SchemaResult<unknown>, name: string): unknown => {
  if (!result.issues) return result.value
  const issues = result.issues.slice(0, MAX_ISSUES).map((issue) => ({ path: pathOf(issue), message: issue.message }))
  const [first] = issues
  const where = first?.path ? `${first.path}: ` : ''
  throw new InvalidArgumentError(`The data of '${name}' is not valid: ${where}${first?.message ?? 'no reason given'}`, {
    details: { issues },
  })
}

/** A peer can make a schema list an issue per key; it needs a few of them. */
const MAX_ISSUES = 16

const pathOf = ({ path = [] }: SchemaIssue) =>
  path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')

// The peer's data broke it, so the peer is told that; the defect is the server's, so the server is told too.
const broken = (name: string, error: unknown) =>
  new Fault(new InvalidArgumentError(`The data of '${name}' could not be validated.`, { cause: error }))
