import type { Api } from '../event/event.ts'
import type { Parsed } from './parse.ts'
import type { Received } from './receive.ts'

/** The message that an answer belongs to, wherever that comes from. */
export interface Correlation {
  readonly connectionId: string
  readonly action: string
  readonly id: string
  readonly api: Api
}

/**
 * Write down which message an answer belongs to, as a text that travels with an event. `undefined` for a message without
 * an id, which no answer could be told apart by.
 */
export const correlate = (
  { connectionId, event }: Pick<Received, 'connectionId' | 'event'>,
  { action, id }: Pick<Parsed, 'action' | 'id'>,
): string | undefined => {
  if (id === undefined) return undefined
  const { apiId, stage, domainName } = event.requestContext
  return Buffer.from(JSON.stringify([1, connectionId, action, id, apiId, stage, domainName])).toString('base64url')
}

/** Read it again. `undefined` for what is none. */
export const correlated = (text: unknown): Correlation | undefined => {
  if (typeof text !== 'string' || !/^[\w-]{1,4096}$/.test(text)) return undefined
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(parts) || parts[0] !== 1 || !parts.slice(1).every(isPart) || parts.length !== 7) return undefined
    const [, connectionId, action, id, apiId, stage, domainName] = parts
    // They become part of a host and a path: no slash may make of them another host.
    if (![apiId, stage, domainName].every((part) => /^[\w.:$[\]-]+$/.test(part))) return undefined
    return { connectionId, action, id, api: { apiId, stage, domainName } }
  } catch {
    return undefined
  }
}

const isPart = (part: unknown) => typeof part === 'string' && part !== ''
