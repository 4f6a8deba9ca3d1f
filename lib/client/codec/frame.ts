import type { PeerError } from '../../errors.ts'
import type { Incoming } from '../codec.ts'

type Body = { readonly [name: string]: unknown }

/** The JSON object that a text is. Throws for any other text, in a sentence. */
export const objectIn = (text: string): Body => {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new Error(`A frame came that is not JSON: ${shown(text)}`)
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Error(`A frame came that is no JSON object: ${shown(text)}`)
  return body as Body
}

/** The frame that an object is, all but its data. Throws in a sentence where a member is something else. */
export const headOf = (body: Body): Incoming => {
  const { action, id, event, error } = body
  for (const [name, value] of Object.entries({ action, id, event }))
    if (value !== undefined && typeof value !== 'string')
      throw new Error(`A frame came whose "${name}" is no text: ${shown(JSON.stringify(value))}`)
  if (error !== undefined && !isPeerError(error))
    throw new Error(`A frame came whose "error" has no code and no message: ${shown(JSON.stringify(error))}`)
  return {
    ...(action !== undefined && { action: String(action) }),
    ...(id !== undefined && { id: String(id) }),
    ...(event !== undefined && { event: String(event) }),
    ...('progress' in body && { progress: body.progress }),
    ...(error !== undefined && { error }),
  }
}

// A code that this version does not know is a code all the same.
const isPeerError = (value: unknown): value is PeerError =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Body).code === 'string' &&
  typeof (value as Body).message === 'string'

/** Enough of a text to know it by. */
export const shown = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text)

const SHOWN = 80
