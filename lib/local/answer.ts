import * as v from 'valibot'
import { ANSWER_KEYS } from './rules-events.ts'

/** A Lambda's well-formed answer. */
export interface Answer {
  readonly status: number
  readonly body: string | undefined
  readonly subprotocol: string | undefined
}

/** Read what a handler returned; `undefined` when API Gateway would call it malformed. */
export const readAnswer = (returned: unknown): Answer | undefined => plainAnswer(returned) ?? readAny(returned)

/** What nearly every handler returns: a status, or a status and a text. */
const plainAnswer = (returned: unknown): Answer | undefined => {
  if (typeof returned !== 'object' || returned === null) return undefined
  let status: unknown
  let body: unknown
  for (const key in returned)
    if (key === 'statusCode') status = Reflect.get(returned, key)
    else if (key === 'body') body = Reflect.get(returned, key)
    else return undefined
  const isPlain = typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599
  return isPlain && (typeof body === 'string' || body === undefined) && !('toJSON' in returned)
    ? { status: Number(status), body, subprotocol: undefined }
    : undefined
}

const readAny = (returned: unknown): Answer | undefined => {
  const read = v.safeParse(Shape, throughJson(returned))
  if (!read.success || Object.keys(read.output).some((key) => !KEYS.includes(key))) return undefined
  const { statusCode, body, headers, multiValueHeaders } = read.output
  const status = Number(statusCode)
  if (status < 200 || status > 599) return undefined
  return { status, body: body ?? undefined, subprotocol: pick(headers) ?? pick(multiValueHeaders)?.split(',')[0] }
}

// Lambda carries answers as JSON: an undefined member or a function is gone before API Gateway sees it.
const throughJson = (value: unknown): unknown => {
  const text = JSON.stringify(value)
  return text === undefined ? undefined : JSON.parse(text)
}

const Value = v.union([v.string(), v.number(), v.boolean()])
const Shape = v.looseObject({
  statusCode: v.union([v.pipe(v.number(), v.integer()), v.pipe(v.string(), v.regex(/^\d{3}$/))]),
  headers: v.nullish(v.record(v.string(), Value)),
  multiValueHeaders: v.nullish(v.record(v.string(), v.array(Value))),
  body: v.nullish(v.string()),
  isBase64Encoded: v.nullish(v.boolean()),
})
const KEYS: readonly string[] = ANSWER_KEYS.value

const pick = (headers: Readonly<Record<string, unknown>> | null | undefined) => {
  const found = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'sec-websocket-protocol')
  return found && String(found[1])
}
