import { existsSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { inspect } from 'node:util'
import { isPrivate } from '../local/address.ts'
import { type Clock, type LocalGateway, localGateway } from '../local/index.ts'
import { callHandler } from '../local/invoke.ts'
import { describe } from './describe.ts'
import { loadHandler, StartError, UsageError } from './load.ts'

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
  /** An HTML file to serve at `/`. @default the index.html beside the file, where there is one */
  readonly page?: string
  /** Returned bodies reach the client, as with a deployed route response. @default false */
  readonly routeResponse?: boolean
  /** Which export is the handler. @default handler, else default, else the only function */
  readonly exportName?: string
  /** Query of the line to paste: `name=ann`. @default none */
  readonly query?: string
  /** No line per event. @default false */
  readonly quiet?: boolean
  /** @default console.log */
  readonly print?: (text: string) => void
  /** @default console.error */
  readonly log?: (text: string) => void
  /** @default the clock of the machine */
  readonly clock?: Clock
}

/**
 * Run the handler that a file exports on the local gateway, and print where to reach it.
 *
 * ```ts
 * const gateway = await dev({ file: 'examples/chat/app.ts', port: 3001 })
 * await untilInterrupted(gateway)
 * ```
 */
export const dev = async (options: DevOptions): Promise<LocalGateway> => {
  const {
    port = 3001,
    howToChoose = 'Choose with --port NUMBER and --host ADDRESS.',
    host = '127.0.0.1',
    clock,
    stage,
    routeResponse,
    exportName,
    quiet = false,
    print = console.log,
    log = console.error,
  } = options
  const file = existing(options.file)
  const page = pageOf(file, options.page)
  // The gateway comes first: the file may ask for the endpoint as soon as it is imported.
  let load = async () => loadHandler(file, exportName)
  const gateway = await localGateway(async (event, context) => callHandler(await load(), event, context), {
    port,
    host,
    waiting: log,
    ...(clock !== undefined && { clock }),
    ...(stage !== undefined && { stage }),
    ...(page !== undefined && { page }),
    ...(routeResponse !== undefined && { routeResponse }),
    ...(!quiet && { observe: (invocation) => log(describe(invocation)) }),
  }).catch((cause: Error) => Promise.reject(cannotStart(cause, howToChoose)))
  prepareEnvironment(gateway.endpoint)
  const loading = load()
  load = () => loading
  try {
    await loading
  } catch (error) {
    await gateway.close()
    throw error
  }
  print(welcome(gateway, options, page))
  if (!isPrivate(host)) log(openTo(host))
  return gateway
}

/** Wait for Ctrl-C, then close the gateway. A second Ctrl-C ends the process at once. */
export const untilInterrupted = (gateway: LocalGateway, log: (text: string) => void = console.error): Promise<void> =>
  new Promise((resolve, reject) => {
    let interruptedAt: number | undefined
    const interrupt = () => {
      // Under npx or tsx one Ctrl-C arrives twice: from the terminal and from the parent.
      if (interruptedAt !== undefined && Date.now() - interruptedAt < SAME_CTRL_C_MS) return
      if (interruptedAt !== undefined) process.exit(130)
      interruptedAt = Date.now()
      log('Closing. Ctrl-C again to end at once.')
      gateway.close().then(resolve, reject)
    }
    process.on('SIGINT', interrupt)
    process.on('SIGTERM', interrupt)
    process.on('unhandledRejection', (error) => log(`${STRAY}\n${inspect(error)}`))
  })

const SAME_CTRL_C_MS = 500
const STRAY = 'A promise of the handler was rejected and nobody waited for it. On Lambda this ends the instance.'

const existing = (file: string) => {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) throw new UsageError(`There is no file ${file}.`)
  if (found.isDirectory()) throw new UsageError(`${file} is a folder. Name a file in it.`)
  return resolve(file)
}

const cannotStart = (cause: Error, howToChoose: string) =>
  // Only a refusal of the system has a cause of its own.
  new StartError(cause.cause === undefined ? cause.message : `${cause.message} ${howToChoose}`, { cause })

const openTo = (host: string) =>
  `Warning: listening on ${host}, so others in your network can connect, and post to any connection: nobody is asked who they are.`

const pageOf = (file: string, page: string | undefined) => {
  if (page !== undefined) return existing(page)
  const beside = join(dirname(file), 'index.html')
  return existsSync(beside) ? beside : undefined
}

/** What Lambda would have set, so that plain SDK clients work; what is set already stays. */
const prepareEnvironment = (endpoint: string) => {
  const { env } = process
  env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI ??= endpoint
  // The variables come before a profile: placeholders would hide the account that the user's other clients need.
  const hasProfile =
    env.AWS_PROFILE ?? ['config', 'credentials'].some((name) => existsSync(join(homedir(), '.aws', name)))
  if (hasProfile) return
  env.AWS_REGION ??= env.AWS_DEFAULT_REGION ?? 'us-east-1'
  if (env.AWS_ACCESS_KEY_ID !== undefined) return
  env.AWS_ACCESS_KEY_ID = 'local'
  env.AWS_SECRET_ACCESS_KEY = 'local'
}

const welcome = ({ url, endpoint }: LocalGateway, { query, file }: DevOptions, page: string | undefined) =>
  [
    `Running ${file}`,
    `  WebSocket  ${url}`,
    ...(page === undefined ? [] : [`  Page       ${new URL('/', endpoint)}`]),
    `  Try        npx wscat -c "${url}${query ? `?${query.replace(/^\?/, '')}` : ''}"`,
    'Ctrl-C closes.',
  ].join('\n')
