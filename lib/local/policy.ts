import * as v from 'valibot'
import { AUTHORIZER } from './rules-events.ts'

/** What a Lambda authorizer returned, in the shape that API Gateway takes. */
export interface AuthorizerOutput {
  readonly principalId: string
  readonly statements: readonly Statement[]
  readonly context: Readonly<Record<string, string | number | boolean>>
}

export type Statement = v.InferOutput<typeof Statement>

const MAX_RESULT_BYTES = AUTHORIZER.resultBytes.value

/** Read what an authorizer returned, or say in a sentence why API Gateway takes no such thing. */
export const readOutput = (returned: unknown): AuthorizerOutput | string => {
  // Lambda carries it as JSON: an undefined member is gone before API Gateway sees it.
  let text: string
  try {
    text = JSON.stringify(returned) ?? 'null'
  } catch (error) {
    return `It returned what is no JSON: ${String(error)}`
  }
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_RESULT_BYTES) return `It returned ${bytes} bytes, and ${MAX_RESULT_BYTES} is the most that is taken.`
  const read = v.safeParse(Output, JSON.parse(text))
  if (!read.success) return `It returned what is no policy: ${complaint(read.issues[0])}`
  const { principalId, policyDocument, context } = read.output
  return { principalId, statements: policyDocument.Statement, context: context ?? {} }
}

/** What a policy says of a call. Nothing is not a yes, and one no outweighs any number of them. */
export const judge = (statements: readonly Statement[], methodArn: string): 'Allow' | 'Deny' | 'nothing' => {
  const effects = statements.filter((statement) => applies(statement, methodArn)).map(({ Effect }) => Effect)
  return effects.includes('Deny') ? 'Deny' : effects.includes('Allow') ? 'Allow' : 'nothing'
}

// Conditions are not evaluated here. To be on the safe side one of an Allow never holds, and one of a Deny always does.
const applies = (statement: Statement, methodArn: string) =>
  (!statement.Condition || statement.Effect === 'Deny') &&
  covers(statement.Action, statement.NotAction, (pattern) => matches(pattern.toLowerCase(), INVOKE)) &&
  covers(statement.Resource, statement.NotResource, (pattern) => matches(pattern, methodArn))

const INVOKE = 'execute-api:invoke'

const covers = (some: Patterns, allBut: Patterns, isMatch: (pattern: string) => boolean) =>
  allBut === undefined ? [some ?? []].flat().some(isMatch) : ![allBut].flat().some(isMatch)

type Patterns = string | string[] | undefined

/**
 * `?` is any one character and `*` any number of them. "IAM JSON policy elements: Resource": only a `*` at the end of a
 * part of an ARN reaches beyond the colon.
 */
const matches = (pattern: string, text: string) => {
  const source = pattern.replace(/\*+|[?.+^${}()|[\]\\]/g, (part, at: number) => {
    if (part === '?') return '.'
    if (!part.startsWith('*')) return `\\${part}`
    const next = pattern[at + part.length] ?? ':'
    return next === ':' ? '.*' : '[^:]*'
  })
  return new RegExp(`^${source}$`).test(text)
}

/** A member that is not there has a path; what is no object has none yet. */
const shaped =
  (shape: string) =>
  ({ path }: v.BaseIssue<unknown>) =>
    path ? 'is missing' : `must be ${shape}`

const Patterns = v.exactOptional(v.union([v.string(), v.array(v.string())], 'must be a string, or a list of strings'))
const ONE_OF = 'must have one of Action and NotAction, and one of Resource and NotResource'
const Statement = v.pipe(
  v.object(
    {
      Effect: v.picklist(['Allow', 'Deny'], "must be 'Allow' or 'Deny'"),
      Action: Patterns,
      NotAction: Patterns,
      Resource: Patterns,
      NotResource: Patterns,
      Condition: v.optional(v.unknown()),
    },
    shaped('a statement, { Action, Effect, Resource }'),
  ),
  v.check(({ Action, NotAction }) => (Action === undefined) !== (NotAction === undefined), ONE_OF),
  v.check(({ Resource, NotResource }) => (Resource === undefined) !== (NotResource === undefined), ONE_OF),
)
const Scalar = v.union([v.string(), v.number(), v.boolean()], 'must be a string, a number or a boolean')
const Output = v.object(
  {
    principalId: v.pipe(v.string('must be a string'), v.nonEmpty('must not be empty')),
    policyDocument: v.object(
      // A single statement need not be in a list.
      {
        Statement: v.pipe(
          v.unknown(),
          v.transform((one) => [one].flat()),
          v.array(Statement),
        ),
      },
      shaped('a policy, { Version, Statement }'),
    ),
    context: v.nullish(v.record(v.string(), Scalar, 'must be an object')),
  },
  shaped('{ principalId, policyDocument, context? }'),
)

const complaint = (issue: v.BaseIssue<unknown>) =>
  `${issue.path?.map(({ key }) => String(key)).join('.') ?? 'it'} ${issue.message}.`
