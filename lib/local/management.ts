import type { IncomingMessage, ServerResponse } from 'node:http'
import { makeId } from '../event/make.ts'
import type { Connection } from './connection.ts'
import type { Gate } from './gate.ts'
import { CLOSES, CONNECTION_ID, LIMITS, MANAGEMENT } from './rules.ts'

/** The connection that a path names, `/{stage}/@connections/{id}`; `undefined` for any other path. */
export const namedConnection = (path: string, stage: string): string | undefined => {
  const [, givenStage, id] = /^\/([^/]+)\/(?:@|%40)connections\/([^/]+)$/.exec(path) ?? []
  return givenStage === stage && id !== undefined ? decode(id) : undefined
}

/** Answer one call of the `@connections` API. Who calls is not asked. */
export const manage = async (
  gate: Gate,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const act = ACTIONS.get(request.method ?? '')
  if (!act) return fail(response, MANAGEMENT.forbidden.value)
  // All of the body is read before the connection is looked up: it may be gone by then.
  const body = await readBody(request)
  if (!CONNECTION_ID.value.test(id)) {
    const { message, ...bad } = MANAGEMENT.badId.value
    return fail(response, { ...bad, message: `${message}${id}` })
  }
  if (body === undefined) return fail(response, MANAGEMENT.tooLarge.value)
  const connection = gate.connections.get(id)
  if (!connection || !act(connection, body, response)) fail(response, MANAGEMENT.gone.value)
}

/** Refuse as the service does: the class of the error in a header, and a body only where there is something to say. */
export const fail = (
  response: ServerResponse,
  { status, type, message }: { readonly status: number; readonly type: string; readonly message?: string },
): void =>
  answer(response, status, message === undefined ? '' : JSON.stringify({ message }), { 'x-amzn-ErrorType': type })

type Act = (connection: Connection, body: string, response: ServerResponse) => boolean

const ACTIONS: ReadonlyMap<string, Act> = new Map<string, Act>([
  [
    'POST',
    (connection, body, response) => {
      const isSent = connection.send(body)
      if (isSent) answer(response, MANAGEMENT.posted.value.status, '')
      return isSent
    },
  ],
  [
    'GET',
    ({ who, lastActiveAt }, _, response) => {
      const info = {
        identity: { sourceIp: who.sourceIp, ...(who.userAgent !== undefined && { userAgent: who.userAgent }) },
        connectedAt: new Date(who.connectedAt).toISOString(),
        lastActiveAt: new Date(lastActiveAt()).toISOString(),
      }
      answer(response, MANAGEMENT.info.value.status, JSON.stringify(info))
      return true
    },
  ],
  [
    'DELETE',
    (connection, _, response) => {
      connection.end(CLOSES.deleted)
      response.writeHead(MANAGEMENT.deleted.value.status, tracing()).end()
      return true
    },
  ],
])

const answer = (response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}) => {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...tracing(),
    ...headers,
  })
  response.end(body)
}

const tracing = () => ({ 'x-amzn-RequestId': makeId(), 'x-amz-apigw-id': makeId() })

// What is over the limit is read to its end and dropped: a client that still writes would not read the answer.
const readBody = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes <= LIMITS.messageBytes.value) chunks.push(chunk)
  }
  return bytes > LIMITS.messageBytes.value ? undefined : Buffer.concat(chunks).toString()
}

const decode = (id: string) => {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
