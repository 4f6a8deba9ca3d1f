import { makeId } from '../event/make.ts'
import type { Connection } from './connection.ts'
import type { Gate } from './gate.ts'
import { CLOSES, LIMITS } from './rules.ts'
import { CONNECTION_ID, MANAGEMENT } from './rules-connections.ts'

/** One call of the `@connections` API. */
export interface ManagementCall {
  readonly method: string
  /** The connection's id, as the path has it, decoded. */
  readonly id: string
  /** `undefined` where it was over the limit. */
  readonly body: string | undefined
}

export interface ManagementAnswer {
  readonly status: number
  /** The class of an error, for the header that SDKs read. */
  readonly type?: string
  /** JSON, or nothing; `undefined` where not even the length of nothing is said. */
  readonly body: string | undefined
}

/** The headers that go with an answer. */
export const headersFor = ({ type, body }: ManagementAnswer): Record<string, string> => ({
  ...(body !== undefined && {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
  }),
  'x-amzn-RequestId': makeId(),
  'x-amz-apigw-id': makeId(),
  ...(type !== undefined && { 'x-amzn-ErrorType': type }),
})

/** The connection that the rest of a path names, `/@connections/{id}`; `undefined` for any other path. */
export const namedConnection = (rest: string): string | undefined => {
  const [, id] = /^\/(?:@|%40)connections\/([^/]+)$/.exec(rest) ?? []
  return id === undefined ? undefined : decode(id)
}

/** Answer one call of the `@connections` API. Who calls was asked before. */
export const manage = (
  { connections, hasRoomFor, chaos }: Gate,
  { method, id, body }: ManagementCall,
): ManagementAnswer => {
  const act = ACTIONS.get(method)
  if (!act) return refusal(MANAGEMENT.forbidden.value)
  if (!hasRoomFor.request() || (method === 'POST' && chaos?.throttles(id))) return refusal(MANAGEMENT.throttled.value)
  if (!CONNECTION_ID.value.test(id)) {
    const { message, ...bad } = MANAGEMENT.badId.value
    return refusal({ ...bad, message: `${message}${id}` })
  }
  if (body === undefined || Buffer.byteLength(body) > LIMITS.messageBytes.value)
    return refusal(MANAGEMENT.tooLarge.value)
  const connection = connections.get(id)
  return (connection && act(connection, body)) ?? refusal(MANAGEMENT.gone.value)
}

/** Refuse as the service does: the class of the error in a header, and a body only where there is something to say. */
export const refusal = ({
  status,
  type,
  message,
}: {
  readonly status: number
  readonly type: string
  readonly message?: string
}): ManagementAnswer => ({ status, type, body: message === undefined ? '' : JSON.stringify({ message }) })

const POSTED: ManagementAnswer = { status: MANAGEMENT.posted.value.status, body: '' }

type Act = (connection: Connection, body: string) => ManagementAnswer | undefined

const ACTIONS: ReadonlyMap<string, Act> = new Map<string, Act>([
  ['POST', (connection, body) => (connection.send(body, 'post') ? POSTED : undefined)],
  [
    'GET',
    ({ who, lastActiveAt }) => {
      const info = {
        identity: { sourceIp: who.sourceIp, ...(who.userAgent !== undefined && { userAgent: who.userAgent }) },
        connectedAt: new Date(who.connectedAt).toISOString(),
        lastActiveAt: new Date(lastActiveAt).toISOString(),
      }
      return { status: MANAGEMENT.info.value.status, body: JSON.stringify(info) }
    },
  ],
  [
    'DELETE',
    (connection) => {
      connection.end(CLOSES.deleted)
      return { status: MANAGEMENT.deleted.value.status, body: undefined }
    },
  ],
])

const decode = (id: string) => {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
