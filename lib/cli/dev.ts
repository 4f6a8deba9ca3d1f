import type { AuthorizerEvent } from '../event/authorizer.ts'
import { isPrivate } from '../local/address.ts'
import { serveGate } from '../local/gateway.ts'
import type { Clock, Invocation, LambdaContext, LambdaHandler, LocalGateway } from '../local/index.ts'
import { callHandler } from '../local/invoke.ts'
import { isolated } from '../local/isolated.ts'
import { routeSelector } from '../local/route.ts'
import { asHandler, readOptions, type Settings } from '../local/settings.ts'
import { applicationOf } from './application.ts'
import { describeFault, describeRefusal, describer } from './describe.ts'
import { prepareEnvironment } from './environment.ts'
import { StartError, UsageError } from './error.ts'
import { type Failures, failuresOf } from './failures.ts'
import { existing, pageOf } from './file.ts'
import { loaderOf } from './load.ts'
import { type Paint, painter, wantsColour } from './paint.ts'
import { reloader } from './reload.ts'
import { isNewer, watching } from './watch.ts'

export interface DevOptions {
  /** The module that exports the handler. */
  readonly file: string
  /** 0 takes any free port. @default 3001 */
  readonly port?: number
  /** How the caller chooses another, for the sentence about one that is in use. @default 'Choose with --port NUMBER …' */
  readonly howToChoose?: string
  /** Another address than loopback opens the gateway to the network. @default '127.0.0.1' */
  readonly host?: string
  /** @default 'dev' */
  readonly stage?: string
  /** The deployed route keys. @default the three of the lifecycle, and the routes of an application of this library */
  readonly routes?: readonly string[]
  /** Where in a message its route key is. @default '$request.body.action' */
  readonly expression?: string
  /** An HTML file to serve at `/`. @default the index.html beside the file, where there is one */
  readonly page?: string
  /** Returned bodies reach the client, as with a deployed route response. @default false */
  readonly routeResponse?: boolean
  /** Which export is the Lambda authorizer of `$connect`. @default none */
  readonly authorizer?: string
  /** Where a client says who it is: `route.request.querystring.token`. @default none */
  readonly identitySource?: readonly string[]
  /** Refuse calls of `@connections` that are not signed with the credentials of the environment. @default false */
  readonly verifySignature?: boolean
  /** Put a store of this process in the place of the application's own. @default the application's own */
  readonly store?: 'memory'
  /** Seed of what goes wrong on purpose: an integer. @default nothing does */
  readonly chaos?: number
  /** Run the handler in instances of its own, which stand still between invocations, as on Lambda. @default false */
  readonly isolate?: boolean
  /** Which export is the handler. @default handler, else default, else the only function */
  readonly exportName?: string
  /** Query of the line to paste: `name=ann`. @default none */
  readonly query?: string
  /** No line per event. @default false */
  readonly quiet?: boolean
  /** Load the file anew when it changes, or what it imports. @default true */
  readonly watch?: boolean
  /** @default whether stderr is a terminal, and what NO_COLOR and FORCE_COLOR say */
  readonly colour?: boolean
  /** @default console.log */
  readonly print?: (text: string) => void
  /** @default console.error */
  readonly log?: (text: string) => void
  /** @default the clock of the machine */
  readonly clock?: Clock
}

export interface DevServer extends LocalGateway {
  /** What the file exports now: after a reload, what the new code exports. */
  readonly exports: () => object
}

/**
 * Run the handler that a file exports on the local gateway, print where to reach it, and load it anew when it changes.
 * Connections stay open meanwhile.
 *
 * ```ts
 * await untilInterrupted(dev({ file: 'examples/chat/server.ts', port: 3001 }))
 * ```
 */
export const dev = async (options: DevOptions): Promise<DevServer> => {
  const { howToChoose = 'Choose with --port NUMBER and --host ADDRESS.', host = '127.0.0.1' } = options
  const { print = console.log, log = console.error, quiet = false, store, isolate, exportName } = options
  const file = existing(options.file)
  const page = pageOf(file, options.page)
  const paint = painter(options.colour ?? wantsColour(process.stderr, process.env))
  const failures = quiet ? undefined : failuresOf(log)
  const watcher = watching(() => reload.again(), log)
  let loadedAt = Number.POSITIVE_INFINITY
  const loader = await loaderOf(file, exportName, (path) => {
    if (options.watch !== false && watcher.add(path) && isNewer(path, loadedAt)) reload.again()
  })
  const settings = settingsOf(options, page, failures, paint, () => application.exports())
  const { clock, lambdaTimeoutMs } = settings
  const there = {
    module: file,
    ...(exportName !== undefined && { export: exportName }),
    clock,
    lambdaTimeoutMs,
    notice: log,
  }
  const application = applicationOf({
    file,
    loader,
    failures,
    // By the inspector, if by nobody else.
    isWatched: true,
    inMemory: store === 'memory',
    isMortal: options.chaos !== undefined,
    isolated: isolate ? () => isolated(there) : undefined,
  })
  // The gateway comes before the file, which may ask for the endpoint as soon as it is imported.
  const { gate, ...gateway } = await serveGate(application.runner, settings).catch((cause: Error) =>
    Promise.reject(cannotStart(cause, howToChoose)),
  )
  const load = async () => {
    loadedAt = Date.now()
    if (!(await application.load())) return false
    if (options.authorizer !== undefined) exported(application.exports(), options.authorizer, options.file)
    // New code may have other routes than the old.
    if (!options.routes) gate.selectRoute = routeSelector(settings.routeSelectionExpression, application.routes())
    return true
  }
  const reload = reloader({ file, load, watcher, connections: () => gate.connections.size, log, clock })
  const close = async () => {
    watcher.close()
    await gateway.close()
    if (gateway.chaos) log(chaosWas(gateway.chaos))
  }
  prepareEnvironment(gateway.endpoint)
  try {
    await reload.begin()
  } catch (error) {
    await close()
    throw error
  }
  print(welcome(gateway, options, page))
  if (!isPrivate(host)) log(openTo(host))
  if (gateway.chaos) log(chaosIs(gateway.chaos))
  if (!quiet)
    gate.feed.listen((seen) => {
      if (seen.kind === 'chaos') log(describeFault(seen.fault, new Date(), paint))
      if (seen.kind === 'refused') log(describeRefusal(seen, new Date(), paint))
    })
  return { ...gateway, close, exports: application.exports }
}

const settingsOf = (
  options: DevOptions,
  page: string | undefined,
  failures: Failures | undefined,
  paint: Paint,
  exports: () => object,
): Settings => {
  const { port = 3001, host = '127.0.0.1', stage, expression, routeResponse, clock, log = console.error } = options
  const { chaos, authorizer: name, identitySource, verifySignature } = options
  const line = describer(paint, chaos === undefined ? '' : `seed ${chaos}`)
  return readOptions(() => {}, {
    port,
    host,
    waiting: log,
    inspector: true,
    ...(clock !== undefined && { clock }),
    ...(stage !== undefined && { stage }),
    ...(name !== undefined && {
      authorizer: (event: AuthorizerEvent, context: LambdaContext) =>
        callHandler(exported(exports(), name, options.file), event, context),
    }),
    ...(identitySource !== undefined && { identitySource }),
    ...(verifySignature !== undefined && { verifySignature }),
    ...(chaos !== undefined && { chaos: { seed: chaos } }),
    ...(page !== undefined && { page }),
    ...(routeResponse !== undefined && { routeResponse }),
    ...(expression !== undefined && { routeSelectionExpression: expression }),
    ...(options.routes !== undefined && { routes: options.routes }),
    ...(failures && {
      observe: (invocation: Invocation) => log(line(invocation, new Date(), failures.take(invocation.requestId))),
    }),
  })
}

/** The export of a file that is to be called. */
const exported = (exports: object, name: string, file: string): LambdaHandler<AuthorizerEvent> => {
  const found: unknown = Reflect.get(exports, name)
  if (typeof found !== 'function') throw new UsageError(`${file} exports no function '${name}' for --authorizer.`)
  // The same door as that of the handler: what a file exports has no type here.
  return asHandler(found) as unknown as LambdaHandler<AuthorizerEvent>
}

const cannotStart = (cause: Error, howToChoose: string) =>
  // Only a refusal of the system has a cause of its own.
  new StartError(cause.cause === undefined ? cause.message : `${cause.message} ${howToChoose}`, { cause })

const openTo = (host: string) =>
  `Warning: listening on ${host}, so others in your network can connect, and post to any connection: nobody is asked who they are.`

type Chaos = NonNullable<LocalGateway['chaos']>

const chaosIs = ({ seed }: Chaos) =>
  `Chaos by seed ${seed}: messages overtake each other, functions start cold and die, posts are throttled, $disconnect is late, lost or repeated, and clients vanish unnoticed.`

const chaosWas = ({ seed, injected }: Chaos) =>
  `Chaos by seed ${seed}: ${injected.length} ${injected.length === 1 ? 'fault' : 'faults'}. Repeat it with --chaos ${seed}.`

const welcome = ({ url, endpoint }: LocalGateway, { query, file }: DevOptions, page: string | undefined) =>
  [
    `Running ${file}`,
    `  WebSocket  ${url}`,
    ...(page === undefined ? [] : [`  Page       ${new URL('/', endpoint)}`]),
    `  Try        npx wscat -c "${url}${query ? `?${query.replace(/^\?/, '')}` : ''}"`,
    `  Inspector  ${new URL('/@inspector', endpoint)}`,
    'Ctrl-C closes.',
  ].join('\n')
