import type { ConnectionRecord } from './store.ts'

/** Write a record as the text that a store keeps. */
export const textOf = (record: ConnectionRecord): string => JSON.stringify(record)

/**
 * Read a record from the text that a store kept.
 *
 * ```ts
 * const record = recordOf(item.r.S, `the item 'C#${connectionId}' of the table '${tableName}'`)
 * ```
 *
 * Throws an Error that names `place` where the text is anything else: what cannot be read is never taken for a record
 * that is missing, nor for one that nobody holds.
 */
export const recordOf = (text: unknown, place: string): ConnectionRecord => {
  const wrong = typeof text === 'string' ? flawOf(text) : 'there is no text'
  if (typeof wrong === 'string') throw new Error(`What is stored in ${place} is no record of this library: ${wrong}.`)
  return wrong.record
}

/** What is wrong with the text, or the record that it holds. Only what decides is looked at, for each message is read. */
const flawOf = (text: string): string | { readonly record: ConnectionRecord } => {
  const record = parse(text)
  if (!isObject(record)) return 'it is not a JSON object'
  const { version, connectedAt, ttl, state, claim, due, done, closed, expiresAt, askAt } = record
  if (!Number.isSafeInteger(version)) return 'its `version` is not an integer'
  if (!isNumber(connectedAt) || !isNumber(ttl)) return '`connectedAt` or `ttl` is not a number'
  if (state !== undefined && !(isObject(state) && 'value' in state)) return 'its `state` has no value'
  // A claim without a deadline would hold the connection for ever, or not at all.
  if (claim !== undefined && !(isObject(claim) && isNumber(claim.deadline) && isText(claim.token)))
    return 'its `claim` has no deadline or no token'
  if (due !== undefined && !isListOf(due, isDue)) return 'its `due` is not a list of deadlines'
  if (done !== undefined && !isListOf(done, isText)) return 'its `done` is not a list of texts'
  // A time that is none would never come.
  if (![expiresAt, askAt].every((at) => at === undefined || isNumber(at)))
    return 'its `expiresAt` or `askAt` is not a number'
  if (closed !== undefined && !(isObject(closed) && isText(closed.by))) return 'its `closed` does not say by what'
  // A cast, because the checks above say the same in words that the compiler cannot read.
  return { record: record as unknown as ConnectionRecord }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown) => typeof value === 'number'
const isText = (value: unknown) => typeof value === 'string'
const isDue = (value: unknown) => isObject(value) && isText(value.event) && isNumber(value.at)
const isListOf = (value: unknown, is: (one: unknown) => boolean): value is readonly unknown[] =>
  Array.isArray(value) && value.every(is)
