import { parseArgs } from 'node:util'
import { nearestOf } from '../flow/nearest.ts'
import { expressionProblem } from '../local/route.ts'
import { IDENTITY_SOURCE } from '../local/rules-events.ts'
import type { DevOptions } from './dev.ts'
import { UsageError } from './error.ts'

/** Below a sentence that says what is wrong, which all of the usage would push out of sight. */
export const SHORT_USAGE = 'Usage: ws-interlock dev FILE [options]. See ws-interlock --help.'

export const USAGE = `Usage: ws-interlock dev FILE [options]

Run the Lambda handler that FILE exports on a local API Gateway for WebSocket clients. When FILE changes, or what it
imports, it is loaded anew, and connections stay open.

  --port NUMBER      port to listen on, 0 for any free one (3001)
  --host ADDRESS     address to listen on; any but loopback is open to your network (127.0.0.1)
  --stage NAME       name of the stage (dev)
  --route KEY        a deployed route key, once for each; then no others are deployed
                     ($connect, $disconnect, $default, and the routes of an application that ws() built)
  --expression TEXT  route selection expression ($request.body.action)
  --route-response   send returned bodies to the client, as a deployed route response does
  --authorizer NAME  which export is the Lambda authorizer of $connect (none)
  --identity-source TEXT  where a client says who it is, once for each: route.request.querystring.token (none)
  --verify-signature refuse calls of @connections that are not signed with the credentials of the environment
  --store memory     keep connections in this process, in the place of the application's own store
  --chaos SEED       let go wrong what goes wrong on AWS; the same SEED brings the same faults
  --isolate          run the handler in processes of its own, which stand still between invocations, as on Lambda
  --page FILE.html   page to serve at / (the index.html beside FILE)
  --export NAME      which export is the handler (handler, else default, else the only function)
  --query STRING     query of the line to paste, such as name=ann
  --no-watch         do not load FILE anew when it changes
  --quiet            do not print a line per event
  --help             print this
  --version          print the version

TypeScript runs as it is: by Node 22.18 or later, else by the tsx of your project. Types are not checked here.
To debug: node --inspect node_modules/.bin/ws-interlock dev FILE`

export type Wish = { readonly wish: 'help' | 'version' } | { readonly wish: 'dev'; readonly options: DevOptions }

/** What the arguments ask for. Throws a `UsageError` whose message is one sentence. */
export const readArguments = (args: readonly string[]): Wish => {
  const { values, positionals } = parse(args)
  if (values.help) return { wish: 'help' }
  if (values.version) return { wish: 'version' }
  return { wish: 'dev', options: devOptions(values, positionals) }
}

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  stage: { type: 'string' },
  route: { type: 'string', multiple: true },
  expression: { type: 'string' },
  'route-response': { type: 'boolean' },
  authorizer: { type: 'string' },
  'identity-source': { type: 'string', multiple: true },
  'verify-signature': { type: 'boolean' },
  store: { type: 'string' },
  chaos: { type: 'string' },
  isolate: { type: 'boolean' },
  page: { type: 'string' },
  export: { type: 'string' },
  query: { type: 'string' },
  watch: { type: 'boolean' },
  'no-watch': { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    // Node adds advice on positional arguments that start with a dash; the first sentence is what matters.
    const text = error instanceof Error ? error.message.replace(/(?<=\.) .*/s, '') : String(error)
    const [, name = ''] = /^Unknown option '--([^']+)'/.exec(text) ?? []
    const nearest = nearestOf(name, Object.keys(OPTIONS))
    throw new UsageError(nearest ? `${text} Did you mean '--${nearest}'?` : text)
  }
}

type Values = ReturnType<typeof parse>['values']

const devOptions = (values: Values, [command, file, ...rest]: readonly string[]): DevOptions => {
  if (command === undefined) throw new UsageError('Say what to do: dev.')
  if (command !== 'dev') throw new UsageError(`There is no command '${command}'.`)
  if (file === undefined) throw new UsageError('Say which FILE exports the handler.')
  if (rest.length > 0) throw new UsageError(`One FILE is enough; '${rest.join(' ')}' is too much.`)
  const { port, host, stage, route, expression, store, chaos, isolate, page, query, quiet } = values
  if (isolate && store !== undefined) throw new UsageError(APART)
  const { watch = true, export: exportName, 'route-response': routeResponse, authorizer } = values
  const { 'identity-source': identitySource, 'verify-signature': verifySignature } = values
  if (identitySource && authorizer === undefined) throw new UsageError(NOBODY_LOOKS)
  if (authorizer !== undefined && route && !route.includes('$connect')) throw new UsageError(NO_CONNECT)
  return {
    file,
    watch: watch && !values['no-watch'],
    ...(port !== undefined && { port: portOf(port) }),
    ...(host !== undefined && { host: hostOf(host) }),
    ...(stage !== undefined && { stage: stageOf(stage) }),
    ...(route !== undefined && { routes: route.map(routeOf) }),
    ...(expression !== undefined && { expression: expressionOf(expression) }),
    ...(authorizer !== undefined && { authorizer }),
    ...(identitySource !== undefined && { identitySource: identitySource.map(sourceOf) }),
    ...(verifySignature !== undefined && { verifySignature }),
    ...(store !== undefined && { store: storeOf(store) }),
    ...(chaos !== undefined && { chaos: seedOf(chaos) }),
    ...(isolate !== undefined && { isolate }),
    ...(page !== undefined && { page }),
    ...(query !== undefined && { query }),
    ...(quiet !== undefined && { quiet }),
    ...(exportName !== undefined && { exportName }),
    ...(routeResponse !== undefined && { routeResponse }),
  }
}

const APART = '--isolate and --store memory exclude each other: what one instance has in its memory, the others do not.'

const NOBODY_LOOKS = '--identity-source is where an authorizer looks. Say which export that is with --authorizer NAME.'
const NO_CONNECT = "--authorizer belongs to the route $connect. Add it: --route '$connect'."

const portOf = (text: string) => {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new UsageError(`--port must be a number from 0 to 65535, not '${text}'.`)
}

const hostOf = (text: string) => {
  // The brackets belong to a URL, and are easily copied from one.
  const host = text.replace(/^\[(.*)\]$/, '$1')
  if (/^[\w.:%-]+$/.test(host)) return host
  throw new UsageError(`--host must be an address to listen on, such as 0.0.0.0, not '${text}'.`)
}

const stageOf = (text: string) => {
  if (/^[\w-]{1,128}$/.test(text)) return text
  throw new UsageError(`--stage must be 1 to 128 of letters, digits, '_' and '-', not '${text}'.`)
}

const routeOf = (text: string) => {
  if (/^(?:[^$]|\$(?:connect|disconnect|default)$)/.test(text)) return text
  // A shell takes $connect for a variable of its own, and leaves nothing.
  throw new UsageError(
    `--route must be a route key, not '${text}'. '$' begins only $connect, $disconnect and $default, in single quotes.`,
  )
}

const expressionOf = (text: string) => {
  const problem = expressionProblem(text)
  if (text !== '' && problem === undefined) return text
  const why = problem === undefined ? '.' : `: ${problem}.`
  throw new UsageError(
    `--expression must be a selection expression, such as '$request.body.type', in single quotes${why}`,
  )
}

const sourceOf = (text: string) => {
  if (IDENTITY_SOURCE.test(text)) return text
  throw new UsageError(
    `--identity-source must be as AWS writes it, such as route.request.querystring.token or route.request.header.Auth, not '${text}'.`,
  )
}

const storeOf = (text: string): 'memory' => {
  if (text === 'memory') return text
  throw new UsageError(`--store must be memory, not '${text}'. Any other store is the application's own: leave it out.`)
}

const seedOf = (text: string) => {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`--chaos must be a seed, such as 7, not '${text}'.`)
}
