import { inspect } from 'node:util'
import type { Seen } from '../feed.ts'
import type { Invocation } from '../invoke.ts'

/** Bytes of a payload that the page is sent; of a longer one it is told the size. */
const MAX_PAYLOAD_BYTES = 8 * 1024
/** Characters of a stack, or of what a handler returned instead of an answer. */
const MAX_FAULT_CHARACTERS = 8 * 1024

/** What the page is told of something seen: plain JSON of bounded size. */
export const show = (seen: Seen): object => {
  if (seen.kind === 'received') return { ...seen, ...cut('body', seen.body) }
  if (seen.kind === 'sent') return { ...seen, ...cut('text', seen.text) }
  if (seen.kind === 'invoked') return { ...seen, invocation: showInvocation(seen.invocation) }
  return seen
}

const cut = (name: string, text: string): object => {
  // A character of a string takes three bytes at most.
  const bytes = text.length * 3 <= MAX_PAYLOAD_BYTES ? 0 : Buffer.byteLength(text)
  if (bytes <= MAX_PAYLOAD_BYTES) return {}
  const kept = Buffer.from(text).subarray(0, MAX_PAYLOAD_BYTES).toString()
  return { [name]: kept.replace(/\uFFFD$/, ''), bytes }
}

const showInvocation = (invocation: Invocation): object => {
  const { error, returned, ...rest } = invocation
  const isFailed = isFailure(invocation)
  return {
    ...rest,
    ...(isFailed && { isFailed }),
    ...(rest.outcome === 'malformed' && { returned: inspect(returned, { depth: 3 }).slice(0, MAX_FAULT_CHARACTERS) }),
    ...(isFailed && error !== undefined && { fault: inspect(error).slice(0, MAX_FAULT_CHARACTERS) }),
  }
}

/**
 * Whether an invocation failed for a reason of the application's own. A refusal that a handler chose, or that the
 * protocol made, is none.
 */
export const isFailure = ({ outcome, error, code }: Invocation): boolean => {
  if (outcome === 'threw' || outcome === 'timeout' || outcome === 'malformed') return true
  return error !== undefined && (code === undefined || code === 'INTERNAL' || Object(error).cause !== undefined)
}
