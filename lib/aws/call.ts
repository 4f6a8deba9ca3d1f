import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { type CredentialsSource, type Environment, environmentCredentials, regionOf } from './credentials.ts'
import { type Signable, sign } from './sign.ts'

export interface CallOptions {
  /** Where to, such as `https://abc.execute-api.eu-west-1.amazonaws.com/prod`. Its path goes before that of each call. */
  readonly endpoint: string
  /** The service's signing name: `execute-api`, `dynamodb`. */
  readonly service: string
  /** @default the hostname's, else AWS_REGION or AWS_DEFAULT_REGION */
  readonly region?: string | undefined
  /** @default AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN */
  readonly credentials?: CredentialsSource | undefined
  /** Connections to the endpoint at one time; further calls wait for one. @default 50 */
  readonly maxSockets?: number | undefined
  /** How long a call may wait for its answer once it has a socket, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number | undefined
  /** Epoch milliseconds, for the signature. @default Date.now */
  readonly now?: (() => number) | undefined
  /** @default process.env */
  readonly env?: Environment | undefined
}

export interface CallRequest extends Omit<Signable, 'host'> {
  /** Rejects the call with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export interface CallReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export type Call = (request: CallRequest) => Promise<CallReply>

/**
 * Make a function that sends signed requests to one endpoint over kept-alive connections.
 *
 * ```ts
 * const call = caller({ endpoint: 'https://dynamodb.eu-west-1.amazonaws.com', service: 'dynamodb' })
 * const { status, body } = await call({ method: 'POST', path: '/', headers, body: JSON.stringify(input) })
 * ```
 *
 * Any answer resolves, whatever its status. It rejects where there is none.
 */
export const caller = ({
  endpoint,
  service,
  region,
  credentials,
  maxSockets = 50,
  timeoutMs = 10_000,
  now,
  env = process.env,
}: CallOptions): Call => {
  const url = urlOf(endpoint)
  const basePath = url.pathname.replace(/\/+$/, '')
  const source = credentials ?? environmentCredentials(url.hostname, env)
  // A literal IPv6 address has brackets in a URL and none in a socket.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // As Node would work out for each request: an address is no name that TLS knows a server by.
  const servername = /^[\d.]+$|:/.test(host) ? '' : host
  // Loaded at the first request, and `node:http` only for an `http:` endpoint: importing that costs 35 ms.
  const http = () => process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http')
  let agent: Agent | undefined

  return async ({ method, path, headers, body = '', signal }) => {
    const signable = { method, host: url.host, path: basePath + path, headers, body }
    const signed = sign(signable, {
      credentials: await source(),
      region: region ?? regionOf(url.hostname, env),
      service,
      now,
    })
    const { request, Agent } = http()
    agent ??= agentFor(Agent, maxSockets)
    const to = {
      agent,
      host,
      servername,
      port: url.port,
      method,
      path: signable.path,
      headers: flat(signed, method, body),
    }
    const attempt = () => {
      signal?.throwIfAborted()
      return exchange(request(to), body, signal, timeoutMs)
    }
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof StaleSocketError)) throw error
      // The idle sockets beside it are as old, and the second attempt must not meet one.
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
      return await attempt()
    }
  }
}

/** It speaks to one endpoint, so it need not work out for each request which of its sockets lead there. */
const agentFor = (Base: typeof Agent, maxSockets: number): Agent => {
  class OneHost extends Base {
    override getName(): string {
      return 'endpoint'
    }
  }
  return new OneHost({ keepAlive: true, maxSockets, noDelay: true })
}

/** Names and values in turn: Node writes such headers as they stand, which is faster than to keep them by name. */
const flat = (headers: Readonly<Record<string, string>>, method: string, body: string | Uint8Array) => {
  const all: string[] = []
  for (const name in headers) all.push(name, headers[name] ?? '')
  if (body.length > 0 || method === 'POST') all.push('content-length', String(Buffer.byteLength(body)))
  return all
}

/**
 * A kept-alive connection died before the first byte of an answer. The usual cause is a server that had closed it while
 * the Lambda was frozen, so that the request was never read: not sending it again would lose the first messages after
 * every thaw. The price is that a request which was read, and whose connection then died, arrives twice.
 */
class StaleSocketError extends Error {}

/** With the code that Node gives to a connection that is not established in time. */
class TimeoutError extends Error {
  readonly code = 'ETIMEDOUT'

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
  }
}

const exchange = (
  request: ClientRequest,
  body: string | Uint8Array,
  signal: AbortSignal | undefined,
  timeoutMs: number,
): Promise<CallReply> =>
  new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    let readBefore = 0
    const settle = () => {
      clearTimeout(timer)
      watching?.delete(abort)
    }
    const fail = (error: unknown) => {
      settle()
      reject(error)
      request.destroy()
    }
    const abort = () => fail(signal?.reason)
    const watching = signal && watchersOf(signal).add(abort)
    request.on('socket', (socket) => {
      readBefore = socket.bytesRead
      // From here, not from the call: time spent waiting for one of `maxSockets` is no sign of a dead peer.
      timer = setTimeout(() => fail(new TimeoutError(timeoutMs)), timeoutMs)
    })
    request.on('error', (error) =>
      fail(isStale(request, readBefore, error) ? new StaleSocketError(error.message, { cause: error }) : error),
    )
    request.on('response', (response) => {
      read(response, fail, (text) => {
        settle()
        resolve(new Reply(response, text))
      })
    })
    request.end(body)
  })

/** Node sorts out headers when they are asked for, and those of a delivered post never are. */
class Reply implements CallReply {
  readonly status: number
  readonly body: string
  readonly #response: IncomingMessage

  constructor(response: IncomingMessage, body: string) {
    this.status = response.statusCode ?? 0
    this.body = body
    this.#response = response
  }

  get headers(): CallReply['headers'] {
    return this.#response.headers
  }
}

const watchers = new WeakMap<AbortSignal, Set<() => void>>()
/** What to do when a signal aborts. Many calls share one, and share its listener: from the eleventh on Node 20 warns. */
const watchersOf = (signal: AbortSignal): Set<() => void> => {
  const found = watchers.get(signal)
  if (found) return found
  const all = new Set<() => void>()
  watchers.set(signal, all)
  signal.addEventListener('abort', () => {
    for (const abort of all) abort()
  })
  return all
}

/** An answer's text. Most answers to posts have none. */
const read = (response: IncomingMessage, fail: (error: unknown) => void, done: (text: string) => void) => {
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_ANSWER) fail(new Error(`its answer is longer than ${MAX_ANSWER} bytes`))
  })
  response.on('error', fail)
  response.on('end', () => done(bytes === 0 ? '' : Buffer.concat(chunks).toString()))
}

/** A page of DynamoDB is 1 MB at most, and more in JSON. Whoever answers more is no service of AWS. */
const MAX_ANSWER = 8 * 1024 * 1024

const isStale = (request: ClientRequest, readBefore: number, error: Error) =>
  request.reusedSocket &&
  request.socket?.bytesRead === readBefore &&
  'code' in error &&
  (error.code === 'ECONNRESET' || error.code === 'EPIPE')

const urlOf = (endpoint: string) => {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url
  throw new TypeError(
    `'${endpoint}' is no endpoint. It is an https:// or http:// URL; wss:// is where clients connect.`,
  )
}
