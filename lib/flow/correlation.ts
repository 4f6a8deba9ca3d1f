import type { Api } from '../event/event.ts'
import type { Parsed } from './parse.ts'
import type { Received } from './receive.ts'

/** The message that an answer belongs to, wherever that comes from. */
export interface Correlation {
  readonly connectionId: string
  /** As the message had it. It is empty where API Gateway alone chose the route. */
  readonly action: string
  readonly id: string
  readonly api: Api
  /** The name of the route that handled it. */
  readonly route: string
}

/**
 * Write down which message an answer belongs to, as a text that travels with an event. `undefined` for a message without
 * an id, which no answer could be told apart by. It is a note and no secret: who may read an event may answer it, and who
 * may call `server.reply()` may write a note of its own.
 */
export const correlate = (
  { connectionId, event }: Pick<Received, 'connectionId' | 'event'>,
  { action, id }: Pick<Parsed, 'action' | 'id'>,
  route = action,
): string | undefined => {
  if (id === undefined) return undefined
  const { apiId, stage, domainName } = event.requestContext
  const parts = [1, connectionId, action, id, apiId, stage, domainName, ...(route === action ? [] : [route])]
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

/** Read it again. `undefined` for what is none. */
export const correlated = (text: unknown): Correlation | undefined => {
  if (typeof text !== 'string' || !/^[\w-]+$/.test(text)) return undefined
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(parts) || parts.length < 7 || parts.length > 8) return undefined
    const [version, connectionId, action, id, apiId, stage, domainName, route = action] = parts
    if (version !== 1 || ![action, route].every((part) => typeof part === 'string')) return undefined
    if (![connectionId, id, apiId, stage, domainName].every((part) => typeof part === 'string' && part))
      return undefined
    // They become part of a host and a path: no slash may make of them another host.
    if (![apiId, stage, domainName].every((part) => /^[\w.:$[\]-]+$/.test(part))) return undefined
    return { connectionId, action, id, api: { apiId, stage, domainName }, route }
  } catch {
    return undefined
  }
}
