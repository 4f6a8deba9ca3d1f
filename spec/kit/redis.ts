import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient, createCluster } from '@redis/client'
import { Cluster, Redis } from 'ioredis'
import { Cluster as ValkeyCluster, Redis as ValkeyRedis } from 'iovalkey'
import type { RedisClient } from 'ws-interlock/store/redis'

/** A redis-server of one's own, which keeps nothing on the disk. */
export interface RedisServer {
  readonly port: number
  /** Send any command: `command('CONFIG', 'SET', 'maxmemory', '1')`. */
  readonly command: (name: string, ...args: readonly string[]) => Promise<unknown>
  /** End it at once, as a crash would. */
  readonly kill: () => Promise<void>
}

/** A client that is connected. */
export interface Connected {
  readonly client: RedisClient
  readonly end: () => void
}

/** Start a redis-server on a port, a free one by default. */
export const startRedis = async (port?: number): Promise<RedisServer> => start(port ?? (await freePort()), [])

/** Start one that is a cluster by itself: it has every hash slot, and refuses what reaches two. */
export const startRedisCluster = async (): Promise<RedisServer> => {
  const bus = String(await freePort())
  const server = await start(await freePort(), ['--cluster-enabled', 'yes', '--cluster-port', bus, ...ANNOUNCED])
  await server.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  while (!String(await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) await pause(20)
  return server
}

const HOST = '127.0.0.1'
/** A node that has met no other does not know its own address, and sends clients to none. */
const ANNOUNCED = ['--cluster-announce-ip', HOST]

/** The clients that are supported, as they come: with no option that a newcomer would not set. */
export const CLIENTS: Readonly<Record<string, (port: number) => Promise<Connected>>> = {
  ioredis: async (port) => ending(new Redis(port, HOST)),
  iovalkey: async (port) => ending(new ValkeyRedis(port, HOST)),
  'node-redis': async (port) => {
    const client = createClient({ url: `redis://${HOST}:${port}` })
    client.on('error', ignore)
    await client.connect()
    return { client, end: () => client.destroy() }
  },
}

export const CLUSTER_CLIENTS: typeof CLIENTS = {
  ioredis: async (port) => ending(new Cluster([{ host: HOST, port }])),
  iovalkey: async (port) => ending(new ValkeyCluster([{ host: HOST, port }])),
  'node-redis': async (port) => {
    const client = createCluster({ rootNodes: [{ url: `redis://${HOST}:${port}` }] })
    client.on('error', ignore)
    await client.connect()
    return { client, end: () => client.destroy() }
  },
}

interface Closable {
  readonly on: (event: 'error', listener: () => void) => unknown
  readonly disconnect: () => void
}

const ending = (client: RedisClient & Closable): Connected => {
  client.on('error', ignore)
  return { client, end: () => client.disconnect() }
}

/** A client tells of a lost server by an event too, and ends the process, or logs, where nobody listens. */
const ignore = () => {}

const start = async (port: number, more: readonly string[]): Promise<RedisServer> => {
  const home = await mkdtemp(join(tmpdir(), 'ws-interlock-redis-'))
  const settings = ['--port', String(port), '--bind', HOST, '--dir', home, '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', [...settings, ...more], { stdio: ['ignore', 'pipe', 'inherit'] })
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  await ready(child.stdout)
  const admin = new Redis(port, HOST, { retryStrategy: () => null })
  admin.on('error', ignore)
  return {
    port,
    command: (name, ...args) => admin.call(name, ...args),
    kill: async () => {
      admin.disconnect()
      const gone = once(child, 'exit')
      if (child.exitCode === null && child.signalCode === null && killed()) await gone
      process.off('exit', killed)
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Rejects with what the server said, where it ends instead. */
const ready = async (stdout: Readable) => {
  const said: string[] = []
  for await (const line of createInterface(stdout)) {
    said.push(line)
    if (line.includes(READY)) break
  }
  if (!said.at(-1)?.includes(READY)) throw new Error(`redis-server has ended:\n${said.join('\n')}`)
  // Nobody reads on, and a full pipe would stop the server.
  stdout.resume()
}

const READY = 'Ready to accept connections'

const freePort = async () => {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * The server and the clients of a suite: started when a spec first asks, so that nothing is where there is no
 * redis-server, and ended by `test.after(end)`.
 */
export const redisOf = (start: () => Promise<RedisServer> = startRedis, clients = CLIENTS) => {
  let started: Promise<RedisServer> | undefined
  const connected = new Map<string, Promise<Connected>>()
  const server = () => {
    started ??= start()
    return started
  }
  const client = async (name = 'ioredis'): Promise<RedisClient> => {
    const connect = clients[name]
    if (!connect) throw new Error(`There is no client '${name}': ${Object.keys(clients).join(', ')}.`)
    const { port } = await server()
    const found = connected.get(name) ?? connect(port)
    connected.set(name, found)
    return (await found).client
  }
  const end = async () => {
    for (const one of connected.values()) (await one).end()
    await (await started)?.kill()
  }
  return { server, client, end }
}
