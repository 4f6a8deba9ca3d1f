import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import type { WebSocketEvent } from '../event/event.ts'
import { reachable } from './address.ts'
import type { Chaos } from './chaos.ts'
import type { LambdaContext } from './context.ts'
import type { Gate } from './gate.ts'
import { makeDoor } from './handshake.ts'
import type { LambdaHandler } from './invoke.ts'
import { openGate } from './open.ts'
import type { LocalOptions } from './options.ts'
import { answerRequest } from './requests.ts'
import { inProcess, type Runner } from './runner.ts'
import { asHandler, readOptions, type Settings } from './settings.ts'

export interface LocalGateway {
  /** Where WebSocket clients connect: `ws://127.0.0.1:PORT/STAGE`. */
  readonly url: string
  /** What serves `@connections`: `http://127.0.0.1:PORT/STAGE`. */
  readonly endpoint: string
  readonly port: number
  /** What went wrong on purpose, where `chaos` was asked for. */
  readonly chaos?: Pick<Chaos, 'seed' | 'injected'>
  /** Close the connections with 1001, wait for running handlers, five seconds at most, and free the port. */
  readonly close: () => Promise<void>
}

/**
 * Run the Lambda handler of a WebSocket API on this machine, as API Gateway runs it, for real WebSocket clients.
 *
 * ```ts
 * const gateway = await localGateway(handler, { port: 3001 })
 * const peer = new WebSocket(`${gateway.url}?name=ann`)
 * ```
 *
 * `requestContext.domainName` carries the port, unlike on AWS, so that a handler finds the local endpoint.
 */
export const localGateway = async <Event = WebSocketEvent, Context = LambdaContext>(
  handler: LambdaHandler<Event, Context> | HandlerModule,
  options: LocalOptions = {},
): Promise<LocalGateway> => {
  const here = typeof handler === 'function' ? asHandler(handler) : await loadHandler(handler)
  const settings = readOptions(here, options)
  const { gate: _, ...gateway } = await serveGate(
    settings.isolation
      ? await apart(handler, settings, () => gateway.endpoint)
      : inProcess(here, settings.observe !== undefined || settings.inspector, settings.chaos !== undefined),
    settings,
  )
  return gateway
}

/** Where a handler is to be loaded from. */
export interface HandlerModule {
  /** A path, or a `file:` URL: `new URL('./server.ts', import.meta.url)`. */
  readonly module: string | URL
  /** Which export it is. @default handler, else default, else the only function */
  readonly export?: string
}

const loadHandler = async (given: HandlerModule): Promise<LambdaHandler> => {
  const { module, export: name } = Object(given) as Partial<HandlerModule>
  // Whatever else it is, the options say that it is no handler.
  if (module === undefined) return asHandler(given)
  const { exportedHandler } = await import('./instances/exported.ts')
  const url = /^file:/.test(String(module)) ? String(module) : pathToFileURL(String(module)).href
  return exportedHandler(await import(url), String(module), name)
}

/** Instances start with the first event, when it is known where they reach the gateway. */
const apart = async (handler: unknown, settings: Settings, endpoint: () => string): Promise<Runner> => {
  if (typeof handler === 'function') throw new TypeError(NO_MODULE)
  const { isolated } = await import('./isolated.ts')
  const { clock, lambdaTimeoutMs, notice } = settings
  const env = () => ({ AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: endpoint() })
  let runner: Runner | undefined
  return {
    keepsTime: true,
    run: (...given) => {
      runner ??= isolated({ ...(handler as HandlerModule), clock, lambdaTimeoutMs, notice, env })
      return runner.run(...given)
    },
    close: async () => runner?.close(),
  }
}

const NO_MODULE =
  "localGateway: isolation needs the module of the handler, since a function cannot be run elsewhere: localGateway({ module: new URL('./server.ts', import.meta.url) }, { isolation: true })."

/** The same for whoever brings a runner of its own, and looks at the gate: the handler may change while it is open. */
export const serveGate = async (
  runner: Runner,
  settings: Settings,
): Promise<LocalGateway & { readonly gate: Gate }> => {
  const { gate, stop } = openGate(runner, settings)
  let closed: Promise<void> | undefined
  const sockets = new Set<Socket>()
  const server = serve(gate, sockets)
  await bind(server, settings)

  // A server that listens on a port has an address of this shape.
  const { port } = server.address() as AddressInfo
  const place = `${reachable(settings.host)}:${port}/${settings.stage}`
  if (settings.inspector) {
    const { inspector } = await import('./inspector/inspector.ts')
    const { feed, connections } = gate
    gate.inspector = inspector({ feed, connections, inside: () => runner.inside?.(), url: `ws://${place}` })
  }
  return {
    gate,
    url: `ws://${place}`,
    endpoint: `http://${place}`,
    port,
    ...(gate.chaos && { chaos: gate.chaos }),
    close: () => {
      // Handlers may still post while they end, so the server goes last.
      closed ??= stop().then(() => {
        gate.inspector?.close()
        return free(server, sockets)
      })
      return closed
    },
  }
}

const serve = (gate: Gate, sockets: Set<Socket>): Server => {
  // Longer than SDK clients keep a socket idle: they would meet a reset where API Gateway gives none.
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    answerRequest(gate, request, response).catch(() => response.destroy())
  })
  server.on('upgrade', makeDoor(gate))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return server
}

const bind = (server: Server, { port, host }: { readonly port: number; readonly host: string }) =>
  new Promise<void>((resolve, reject) => {
    // Stays for the life of the server: an error while it accepts must not end the process.
    server.on('error', (error) => reject(new Error(whyNot(error, host, port), { cause: error })))
    server.listen(port, host, resolve)
  })

const whyNot = (error: NodeJS.ErrnoException, host: string, port: number) => {
  if (error.code === 'EADDRINUSE')
    return `Port ${port} of ${host} is in use. Stop what listens there, or choose another port (0 takes any free one).`
  if (error.code === 'EACCES') return `Port ${port} needs more rights than this process has. Choose one above 1023.`
  return `Cannot listen on ${host}:${port} (${error.message}). Choose another host or port.`
}

const free = async (server: Server, sockets: ReadonlySet<Socket>) => {
  const freed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const socket of sockets) socket.destroy()
  await freed
}
