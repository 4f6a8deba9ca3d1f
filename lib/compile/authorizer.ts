import type { Schema, SchemaIssue, SchemaResult } from '../schema.ts'

/**
 * The schema of what an authorizer returned, for what arrives of that.
 *
 * API Gateway hands on the context of an authorizer as text, `{ admin: true }` as `{ admin: 'true' }`. So where the
 * schema finds fault with a text that says `true`, `false` or a number, it is shown what the text says. A text that the
 * schema wants as it is never changes: `'007'` and `'true'` stay what they are for a schema of strings.
 *
 * Throws a `TypeError` where the schema refuses that, too: the authorizer and the application do not agree.
 */
export const reading = (schema: Schema): Schema => {
  // Two messages at once may both have been the first.
  if (schema['~standard'].vendor === VENDOR) return schema
  const validate = async (given: unknown) => {
    const result = await schema['~standard'].validate(given)
    return result.issues ? { value: await read(schema, given, result.issues) } : result
  }
  return { '~standard': { version: 1, vendor: VENDOR, validate } }
}

const VENDOR = 'ws-interlock'

const read = async (schema: Schema, given: unknown, issues: readonly SchemaIssue[]): Promise<unknown> => {
  let result: SchemaResult<unknown> = { issues }
  const value: Record<string, unknown> = { ...Object(given) }
  const keys: string[] = []
  // A schema may name one fault at a time. Each turn reads one key at least, and none twice.
  while (result.issues) {
    const found = textsAt(result.issues, value)
    if (found.length === 0) throw new TypeError(refusal(issues, keys, result.issues))
    for (const [key, said] of found) value[key] = said
    keys.push(...found.map(([key]) => key))
    result = await schema['~standard'].validate(value)
  }
  return result.value
}

/** What the texts say that a schema finds fault with, where they say something else than text. */
const textsAt = (issues: readonly SchemaIssue[], value: Readonly<Record<string, unknown>>) =>
  issues.map(keyOf).flatMap((key): [string, boolean | number][] => {
    const text = key !== undefined && Object.hasOwn(value, key) ? value[key] : undefined
    const said = typeof text === 'string' ? saidBy(text) : undefined
    return key === undefined || said === undefined ? [] : [[key, said]]
  })

// The context of an authorizer is flat, so that the first step of a path is all of it.
const keyOf = ({ path: [first] = [] }: SchemaIssue): string | undefined =>
  first === undefined ? undefined : String(typeof first === 'object' ? first.key : first)

const saidBy = (text: string): boolean | number | undefined => {
  if (text === 'true' || text === 'false') return text === 'true'
  if (!NUMBER.test(text)) return undefined
  const number = Number(text)
  // Two ids of 20 digits must not become one number.
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? undefined : number
}

/** As JSON writes numbers (RFC 8259, section 6): no number ever became the text `007`. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

/** The first complaint is about what arrived; the last one is about what it says, and may be the one that matters. */
const refusal = (first: readonly SchemaIssue[], read: readonly string[], last: readonly SchemaIssue[]) => {
  const also = read.length > 0 ? ` (with ${read.join(', ')} read as what the text says: ${complaint(last)})` : ''
  return `What the authorizer returned is not valid: ${complaint(first)}${also}`
}

const complaint = ([issue]: readonly SchemaIssue[]) => {
  const key = issue && keyOf(issue)
  return `${key === undefined ? '' : `${key}: `}${issue?.message}`
}
