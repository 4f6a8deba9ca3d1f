import { InvalidArgumentError, ResourceExhaustedError, UnimplementedError } from '../errors.ts'
import type { SchemaIssue } from '../schema.ts'
import { Fault } from './fault.ts'
import { nearestOf } from './nearest.ts'

// What is said of messages that reach no handler, loaded with the first of them.

export const empty = () => new InvalidArgumentError('The message is empty.')

export const tooLong = (bytes: number, maxBytes: number) =>
  new ResourceExhaustedError(`The message takes ${bytes} bytes; ${maxBytes} are allowed.`, {
    details: { bytes, maxBytes },
  })

/** Half characters, which UTF-8 cannot write. */
export const notUnicode = () => new InvalidArgumentError('The message is not well-formed Unicode.')

export const notJson = () => new InvalidArgumentError('The message is not JSON.')

export const tooDeep = (maxDepth: number) =>
  new InvalidArgumentError(`The message has more than the ${maxDepth} levels that are allowed.`)

export const tooMany = (maxKeys: number) =>
  new InvalidArgumentError(`The message has more than the ${maxKeys} keys and items that are allowed.`)

export const forbiddenKey = (key: string) => new InvalidArgumentError(`The key '${key}' is not allowed.`)

export const otherRoute = (routeKey: string, action: string) =>
  new InvalidArgumentError(
    `API Gateway selected the route '${routeKey}', and the message says '${action}'. (Server: { routeBy: 'routeKey' } follows API Gateway.)`,
  )

/** There is no such route. Those of the library's own are no hint. */
export const unknownRoute = (name: string, names: Iterable<string>) => {
  if (name === '') return new InvalidArgumentError('The message needs "action": the name of a route.')
  const nearest = nearestOf(
    name,
    [...names].filter((one) => !one.startsWith('$')),
  )
  const hint = nearest ? ` Did you mean '${nearest}'?` : ''
  return new UnimplementedError(`There is no route '${name}'.${hint}`, nearest ? { details: { nearest } } : {})
}

/** The data does not fit the schema of the route. */
export const invalid = (name: string, all: readonly SchemaIssue[]) => {
  const issues = all.slice(0, MAX_ISSUES).map((issue) => ({ path: pathOf(issue), message: issue.message }))
  const [first] = issues
  const where = first?.path ? `${first.path}: ` : ''
  return new InvalidArgumentError(
    `The data of '${name}' is not valid: ${where}${first?.message ?? 'no reason given'}`,
    {
      details: { issues },
    },
  )
}

/** A peer can make a schema list an issue per key; it needs a few of them. */
const MAX_ISSUES = 16

const pathOf = ({ path = [] }: SchemaIssue) =>
  path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')

/** The peer's data broke the schema, so the peer is told that; the defect is the server's, so the server is told too. */
export const broken = (name: string, cause: unknown) =>
  new Fault(new InvalidArgumentError(`The data of '${name}' could not be validated.`, { cause }))
