import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi'
import { broadcast, type Sent } from '../../lib/channel/broadcast.ts'
import { management } from '../../lib/gateway/management.ts'

/** A server that takes whatever is posted to it. */
export const serve = async (): Promise<string> => {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(200, { 'content-length': 0 }).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/prod`
}

export type Way = 'ours' | 'sdk' | 'undici'

export interface Round {
  readonly perSecond: number
  /** Of this process, in microseconds. */
  readonly cpuPerPost: number
}

/** Posts so many frames to as many connections, fifty at a time. */
export const poster = (way: Way, endpoint: string): ((count: number) => Promise<Round>) => {
  const post = WAYS[way](endpoint)
  return async (count) => {
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    await post(count)
    const seconds = (performance.now() - startedAt) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    return { perSecond: count / seconds, cpuPerPost: (user + system) / count }
  }
}

/** What a broadcast to many takes of memory, beside what one to some had taken before: in bytes. */
export const broadcastMemory = async (endpoint: string, count: number) => {
  const post = ours(endpoint)
  const look = () => {
    for (let times = 0; times < 3; times++) globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rss, used: heapUsed + external }
  }
  await post(10_000)
  const before = look()
  let most = before
  await post(count, (done) => {
    if (done % 10_000 !== 5_000) return
    const { rss, heapUsed, external } = process.memoryUsage()
    most = { rss: Math.max(most.rss, rss), used: Math.max(most.used, heapUsed + external) }
  })
  return { peak: most.rss - before.rss, after: look().used - before.used }
}

/** 500 bytes. */
export const FRAME = JSON.stringify({ event: 'said', data: { text: 'x'.repeat(466) } })
export const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token'.repeat(180) }
const IN_FLIGHT = 50

export const idOf = (index: number) => `R0oXAdfD${String(index).padStart(6, '0')}=`
export const pathOf = (id: string) => `/prod/@connections/${encodeURIComponent(id)}`
const ids = function* (count: number) {
  for (let index = 0; index < count; index++) yield idOf(index)
}

const ours = (endpoint: string) => {
  const gateway = management({ endpoint, region: 'eu-west-1', credentials: () => CREDENTIALS })
  return async (count: number, onPost?: (done: number) => void): Promise<Sent> => {
    let done = 0
    const sent = await broadcast({
      members: ids(count),
      except: new Set(),
      post: (id, signal) => {
        onPost?.(done++)
        return gateway.post(id, FRAME, signal, 0)
      },
      gone: async () => {},
      onFailure: console.error,
      clock: { wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
      random: Math.random,
    })
    if (sent.delivered !== count) throw new Error(`Only ${sent.delivered} of ${count} were delivered.`)
    return sent
  }
}

const sdk = (endpoint: string) => {
  const client = new ApiGatewayManagementApiClient({
    endpoint,
    region: 'eu-west-1',
    credentials: CREDENTIALS,
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: IN_FLIGHT } },
  })
  const Data = new TextEncoder().encode(FRAME)
  return (count: number) => lanes(count, (id) => client.send(new PostToConnectionCommand({ ConnectionId: id, Data })))
}

/** Unsigned, and by no more than Node's own undici. */
const undici = (endpoint: string) => {
  const { origin } = new URL(endpoint)
  const started = fetch('data:,').then(() => {
    const usual = (globalThis as unknown as Record<symbol, Dispatcher>)[Symbol.for('undici.globalDispatcher.1')]
    if (!usual) throw new Error("Node's own undici is not where it was.")
    return new (usual.constructor as new (options: object) => Dispatcher)({ connections: IN_FLIGHT, pipelining: 1 })
  })
  return async (count: number) => {
    const dispatcher = await started
    await lanes(count, async (id) => {
      const { body } = await dispatcher.request({ origin, method: 'POST', path: pathOf(id), body: FRAME })
      await body.dump()
    })
  }
}

interface Dispatcher {
  readonly request: (options: object) => Promise<{ readonly body: { readonly dump: () => Promise<void> } }>
}

const lanes = async (count: number, post: (id: string) => Promise<unknown>) => {
  const all = ids(count)
  const lane = async () => {
    for (const id of all) await post(id)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
}

const WAYS: Readonly<Record<Way, (endpoint: string) => (count: number) => Promise<unknown>>> = { ours, sdk, undici }
