import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createConnection, type Socket } from 'node:net'
import type { WebSocketEvent } from '../../../lib/event/event.ts'
import { management } from '../../../lib/gateway/management.ts'
import type { LambdaContext } from '../../../lib/local/index.ts'

/** Does what a message says, so that a spec reads in one place. */
export const handler = async (event: WebSocketEvent, context: LambdaContext) => {
  const { action, ...order } = 'body' in event ? JSON.parse(String(event.body)) : { action: 'none' }
  const value = await ORDERS[action]?.(order, event, context)
  return action === 'answer' ? value : { statusCode: 200, body: JSON.stringify(value ?? null) }
}

interface Order {
  readonly url: string
  readonly path: string
  readonly ms: number
  readonly value: unknown
}

/** What a module keeps in variables. */
let seen = 0
let socket: Socket | undefined
/** Large, and for one order only. */
const loadSdk = () => import('@aws-sdk/client-apigatewaymanagementapi')
const sdk = new Map<string, InstanceType<Awaited<ReturnType<typeof loadSdk>>['ApiGatewayManagementApiClient']>>()
const own = new Map<string, ReturnType<typeof management>>()

// It began with the module, and is nothing that a handler could wait for.
setInterval(() => {}, 1)

const ORDERS: Readonly<Record<string, (order: Order, event: WebSocketEvent, context: LambdaContext) => unknown>> = {
  none: () => {},
  count: () => ++seen,
  answer: ({ value }) => value,
  process: () => process.pid,
  environment: () => process.env,
  context: (_, __, { getRemainingTimeInMillis, ...data }) => ({ ...data, remainingMs: getRemainingTimeInMillis() }),
  throw: () => {
    throw Object.assign(new RangeError('No such thing.', { cause: new Error('Deeper.') }), { code: 'E_THING' })
  },
  throwText: () => Promise.reject('just text'),
  print: ({ value }) => console.log(value),
  exit: ({ value }) => process.exit(Number(value)),
  uncaught: () =>
    new Promise(() => {
      setTimeout(() => {
        throw new Error('Nobody caught it.')
      })
    }),
  rejected: () => {
    Promise.reject(new Error('Nobody handled it.'))
  },
  hang: () =>
    new Promise(() => {
      setInterval(() => {}, 1_000)
      console.log('It hangs.')
    }),

  floatTimer: ({ path, ms }) => {
    setTimeout(() => writeFileSync(path, 'written'), ms)
  },
  /** Goes on for as long as it is let. */
  floatLoop: ({ path }) => {
    const next = () => {
      appendFileSync(path, '.')
      setImmediate(next)
    }
    next()
  },
  floatTimers: () => {
    for (const ms of [60_000, 60_001]) setTimeout(() => {}, ms)
  },
  floatInterval: () => {
    setInterval(() => {}, 60_000)
  },
  floatFetch: ({ url }) => {
    fetch(url).catch(() => {})
  },
  floatHttp: ({ url }) => {
    request(url)
      .on('error', () => {})
      .end()
  },
  floatFile: ({ path }) => {
    writeFile(path, 'x'.repeat(10_000_000)).catch(() => {})
  },
  floatBoth: ({ url }) => {
    setTimeout(() => {}, 60_000)
    fetch(url).catch(() => {})
  },

  wait: ({ ms }) => new Promise((resolve) => setTimeout(resolve, ms)),
  fetch: async ({ url }) => (await fetch(url)).status,
  clearTimer: () => clearTimeout(setTimeout(() => {}, 60_000)),
  /** Until it has fired twice. */
  repeat: () =>
    new Promise<void>((resolve) => {
      let fired = 0
      const timer = setInterval(() => {
        if (++fired < 2) return
        clearInterval(timer)
        resolve()
      })
    }),
  unref: () => {
    setTimeout(() => {}, 60_000).unref()
    AbortSignal.timeout(60_000)
  },
  readFile: ({ path }) => readFileSync(path, 'utf8'),
  askPackage: async ({ path }) => (await import(path)).ask(),
  postByOwnClient: async ({ url }, { requestContext: { connectionId } }) => {
    const gateway = own.get(url) ?? management({ endpoint: url })
    own.set(url, gateway)
    return gateway.post(connectionId, 'hello')
  },
  postBySdk: async ({ url }, { requestContext: { connectionId } }) => {
    const { ApiGatewayManagementApiClient, PostToConnectionCommand } = await loadSdk()
    const client = sdk.get(url) ?? new ApiGatewayManagementApiClient({ endpoint: url })
    sdk.set(url, client)
    const { $metadata } = await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: 'hello' }))
    return $metadata.httpStatusCode
  },
  /** As a client of a database does it: a connection is made once and stays. */
  connectOnce: async ({ url }) => {
    const { hostname, port } = new URL(url)
    socket ??= createConnection(Number(port), hostname)
    if (socket.connecting) await new Promise((resolve) => socket?.once('connect', resolve))
  },
}
