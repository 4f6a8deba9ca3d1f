import { type Call, type CallOptions, type CallReply, caller } from '../aws/call.ts'
import { type Environment, environmentRegion, isLoopback, ON_LAMBDA } from '../aws/credentials.ts'
import { percentEncode } from '../aws/sign.ts'
import { complaintOf, refusal } from './forbidden.ts'
import { type ConnectionInfo, type Delivery, type Gateway, MAX_MESSAGE_BYTES } from './gateway.ts'

export interface ManagementOptions extends Omit<CallOptions, 'service'> {
  /** How often a throttled request is sent again. @default 3 */
  readonly retries?: number | undefined
  /** The longest first wait, in milliseconds; it doubles with each attempt. @default 50 */
  readonly baseMs?: number | undefined
  /** The longest wait of all, in milliseconds. @default 1_000 */
  readonly capMs?: number | undefined
  /** Between 0 and 1: which part of the longest wait is waited. @default Math.random */
  readonly random?: (() => number) | undefined
  /** Wait between attempts. It should end when the signal aborts. @default a timer */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<unknown>) | undefined
}

/**
 * Deliver by API Gateway's `@connections` API.
 *
 * ```ts
 * const gateway = management({ endpoint: 'https://abc123.execute-api.eu-west-1.amazonaws.com/prod' })
 * if ((await gateway.post(connectionId, 'hello')).outcome === 'gone') await forget(connectionId)
 * ```
 *
 * Only throttling is retried: it alone says that nothing was delivered and that another attempt may succeed.
 */
export const management = ({
  retries: usual = 3,
  baseMs = 50,
  capMs = 1_000,
  ...options
}: ManagementOptions): Gateway => {
  const { endpoint, random = Math.random, sleep = sleepFor } = options
  const call = caller({ ...options, service: 'execute-api' })
  const longestMs = (attempt: number) => Math.min(capMs, baseMs * 2 ** attempt)

  const persist = async (request: Parameters<Call>[0], retries: number) => {
    for (let attempt = 0; ; attempt += 1) {
      const reply = await call(request)
      if (reply.status !== 429 || attempt >= retries) return reply
      // Full jitter: a broadcast is throttled as a whole, and equal waits would send it again as a whole.
      await sleep(Math.round(longestMs(attempt) * random()), request.signal)
      request.signal?.throwIfAborted()
    }
  }

  const send = async <Result>(
    method: string,
    connectionId: string,
    body: string,
    signal: AbortSignal | undefined,
    retries: number,
    read: (reply: CallReply) => Result,
  ): Promise<Exclude<Result, undefined>> => {
    try {
      const path = `/@connections/${segmentOf(connectionId)}`
      const reply = await persist({ method, path, body, signal }, retries)
      const result = read(reply)
      if (result === undefined) throw new Error(`it answered ${[reply.status, ...complaintOf(reply)].join(' ')}`)
      return result as Exclude<Result, undefined>
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw new Error(`${method} to connection '${connectionId}' at ${endpoint} failed: ${wordsOf(error)}`, {
        cause: error,
      })
    }
  }

  const deliver = async (
    method: string,
    connectionId: string,
    body: string,
    signal: AbortSignal | undefined,
    retries = usual,
  ): Promise<Delivery> => {
    const bytes = Buffer.byteLength(body)
    const tooLarge = { outcome: 'tooLarge', bytes, maxBytes: MAX_MESSAGE_BYTES } as const
    if (bytes > MAX_MESSAGE_BYTES) return tooLarge
    return send(method, connectionId, body, signal, retries, (reply): Delivery | undefined => {
      const { status } = reply
      if (status >= 200 && status < 300) return { outcome: 'delivered' }
      if (isGone(reply)) return { outcome: 'gone' }
      if (status === 413) return tooLarge
      if (status === 429) return { outcome: 'throttled', retryAfterMs: longestMs(retries) }
      if (status === 403) return { outcome: 'forbidden', reason: refusal(method, endpoint, reply) }
      return undefined
    })
  }

  return {
    post: (connectionId, body, signal, retries) => deliver('POST', connectionId, body, signal, retries),
    close: (connectionId, signal) => deliver('DELETE', connectionId, '', signal),
    info: async (connectionId, signal) => {
      const found = await send('GET', connectionId, '', signal, usual, (reply) => {
        if (isGone(reply)) return null
        if (reply.status === 403) throw new Error(refusal('GET', endpoint, reply))
        return reply.status === 200 ? readInfo(reply.body) : undefined
      })
      return found ?? undefined
    },
  }
}

/** What `endpointOf` reads of an event's `requestContext`. */
export interface EndpointContext {
  readonly apiId: string
  readonly stage: string
  readonly domainName: string
}

/**
 * Find where a connection is posted to, from any event of its API.
 *
 * ```ts
 * const gateway = management({ endpoint: endpointOf(event.requestContext) })
 * ```
 *
 * In this order: `override`; AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI; a local gateway; the API's own hostname.
 */
export const endpointOf = (
  context: EndpointContext | undefined,
  { override, env = process.env }: { readonly override?: string | undefined; readonly env?: Environment } = {},
): string => {
  const given = override || env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI
  if (given) return given.replace(/\/+$/, '')
  if (!context)
    throw new TypeError(
      "The endpoint is not known before the first event. Pass it: ws({ endpoint: 'https://{api}.execute-api.{region}.amazonaws.com/{stage}' }).",
    )
  const { apiId, stage, domainName } = context
  if (isLoopback(domainName.replace(/:\d+$/, ''))) return `http://${domainName}/${stage}`
  const region = environmentRegion(env)
  if (!region)
    throw new Error(
      `The endpoint is not known: AWS_REGION is not set. ${ON_LAMBDA}, or pass \`endpoint\`: https://${apiId}.execute-api.REGION.amazonaws.com/${stage}`,
    )
  // Never `domainName/stage`. On a custom domain the path is the key of the API mapping, which no event carries
  // (SDK reference of PostToConnection; aws-samples/simple-websockets-chat-app#40). The API's own hostname serves
  // every API, unless `disableExecuteApiEndpoint` is set: then an override is the only way.
  return `https://${apiId}.execute-api.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/${stage}`
}

const sleepFor = (ms: number, signal?: AbortSignal) =>
  process.getBuiltinModule('node:timers/promises').setTimeout(ms, undefined, signal && { signal })

const segmentOf = (connectionId: string) => {
  // An empty segment or a dot segment would be another resource's path.
  if (/^\.{0,2}$/.test(connectionId)) throw new TypeError(`'${connectionId}' is no connection id`)
  return percentEncode(connectionId)
}

/** 410, also for ids that never existed; 400 for those that never could: `Invalid connectionId: …`. */
const isGone = (reply: CallReply) =>
  reply.status === 410 ||
  (reply.status === 400 && complaintOf(reply).some((word) => /^invalid connectionid/i.test(word)))

const wordsOf = (error: unknown) => {
  const { message, code } = Object(error) as { readonly message?: unknown; readonly code?: unknown }
  // Where several addresses refuse, Node's error has a code and no message.
  return message || code || String(error)
}

const readInfo = (body: string): ConnectionInfo => {
  const { connectedAt, lastActiveAt, identity }: InfoBody = JSON.parse(body)
  if (!connectedAt || !lastActiveAt || !identity?.sourceIp) throw new Error('its answer is not that of GetConnection')
  return {
    connectedAt: new Date(connectedAt),
    lastActiveAt: new Date(lastActiveAt),
    sourceIp: identity.sourceIp,
    userAgent: identity.userAgent ?? undefined,
  }
}

interface InfoBody {
  readonly connectedAt?: string
  readonly lastActiveAt?: string
  readonly identity?: { readonly sourceIp?: string; readonly userAgent?: string | null }
}
