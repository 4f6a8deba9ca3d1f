import { inspect } from 'node:util'
import * as v from 'valibot'
import type { Credentials } from '../aws/sign.ts'
import type { AuthorizerEvent } from '../event/authorizer.ts'
import { CHAOS_CHANCES, type ChaosOptions } from './chaos.ts'
import { insideOf } from './inside.ts'
import type { Invocation, LambdaHandler } from './invoke.ts'
import { IDENTITY_SOURCE, LIMITS } from './rules.ts'

/** Where time comes from. A spec passes its own and never sleeps. */
export interface Clock {
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export interface LocalOptions {
  /** 0 takes any free port. @default 0 */
  readonly port?: number
  /**
   * Another address than loopback shows the gateway to your network. '0.0.0.0' is there for handlers, too; a single
   * address is not on loopback: handlers are then told by AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI where to post.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string
  /** @default 'dev' */
  readonly stage?: string
  /**
   * The deployed route keys. Without `$default` in the list there is none.
   *
   * @default $connect, $disconnect and $default, and the routes of an application that this library built
   */
  readonly routes?: readonly string[]
  /** @default '$request.body.action' */
  readonly routeSelectionExpression?: string
  /** Which routes have a route response, so that a returned body reaches the client. @default false */
  readonly routeResponse?: boolean | readonly string[]
  /**
   * The Lambda authorizer of `$connect`: `authorizer()` of `ws-interlock/guard`, or any other of the type REQUEST.
   *
   * @default none
   */
  readonly authorizer?: LambdaHandler<AuthorizerEvent>
  /**
   * Where a client says who it is, as AWS writes it: `route.request.querystring.token`, `route.request.header.Auth`. One
   * that is missing is answered 401, and the authorizer is not asked. @default none
   */
  readonly identitySource?: string | readonly string[]
  /** On every event, where there are any. @default none */
  readonly stageVariables?: Readonly<Record<string, string>>
  /**
   * A domain of your own, as the clients know it. Connections come in below the key of its API mapping, and so do calls
   * of `@connections`; events carry its name, without a port, as they do on AWS. @default none
   */
  readonly customDomain?: { readonly domainName: string; readonly mappingKey?: string }
  /** The client is told of a timeout after this long; the handler runs on. AWS takes 50 to 29,000. @default 29_000 */
  readonly integrationTimeoutMs?: number
  /** What `context.getRemainingTimeInMillis()` counts down from. @default 30_000 */
  readonly lambdaTimeoutMs?: number
  /** A connection without a message for this long is closed. AWS's is fixed. @default 600_000 */
  readonly idleMs?: number
  /** A connection of this age is closed. AWS's is fixed. @default 7_200_000 */
  readonly maxAgeMs?: number
  /** New connections in a second; more are refused with 429. An account on AWS has 500. @default none */
  readonly connectsPerSecond?: number
  /** Messages and calls of `@connections` in a second. An account on AWS has 10,000, and 5,000 at once. @default none */
  readonly requestsPerSecond?: number
  /**
   * Calls of `@connections` must be signed, as on AWS: by these credentials, or with `true` by those of the environment
   * (AWS_ACCESS_KEY_ID and so on). So an unsigned or wrongly signed client is found on the laptop.
   *
   * @default false
   */
  readonly verifySignature?: boolean | (Credentials & { readonly region?: string })
  /**
   * What goes wrong on AWS goes wrong here, by seed: messages overtake each other, functions start cold and die, posts are
   * throttled, `$disconnect` is late, comes twice or never, and a client that vanishes is not missed. @default none
   */
  readonly chaos?: ChaosOptions
  /**
   * Run the handler as Lambda does: in processes of its own, each of which runs one invocation at a time, stands still in
   * between, and shares no variable with another. What would break on Lambda breaks here too, with a sentence. Takes the
   * module of the handler in the place of the function. @default false
   */
  readonly isolation?: boolean
  /** Told, in a sentence, what works on a laptop and not on Lambda. @default console.warn */
  readonly notice?: (sentence: string) => void
  /** @default the clock of the machine */
  readonly clock?: Clock
  /** From 0 to 1: what ids are made of. @default Math.random */
  readonly random?: () => number
  /** Path of an HTML file to serve at `GET /`. A convenience: API Gateway has nothing like it. @default none */
  readonly page?: string
  /**
   * Serve the inspector at `/@inspector`, and at `/` where there is no `page`: a page that shows connections, messages and
   * errors to a browser on this machine. @default false
   */
  readonly inspector?: boolean
  /** Called once per event with what came of it. Errors of the handler are seen here and nowhere else. */
  readonly observe?: (invocation: Invocation) => void
  /** Called once, with a sentence, where `close()` waits for longer than a second: for whom it waits. @default none */
  readonly waiting?: (sentence: string) => void
}

/** Complete: what has no default may be absent. */
type Optional =
  | 'authorizer'
  | 'chaos'
  | 'stageVariables'
  | 'customDomain'
  | 'connectsPerSecond'
  | 'requestsPerSecond'
  | 'page'
  | 'observe'
export interface Settings
  extends Required<Omit<LocalOptions, Optional | 'identitySource'>>,
    Pick<LocalOptions, Optional> {
  readonly identitySource: readonly string[]
}

/** Check and complete what the user wrote. Throws a `TypeError` whose message is one sentence. */
export const readOptions = (handler: unknown, options: unknown, who = 'localGateway'): Settings => {
  if (typeof handler !== 'function')
    throw new TypeError(`${who}: the handler must be a function, not ${show(handler)}.`)
  const read = v.safeParse(Options, options)
  if (!read.success) throw new TypeError(`${who}: ${sentence(read.issues[0])}`)
  const { routes = routesOf(handler), ...rest } = read.output
  const responding = rest.routeResponse
  const astray = Array.isArray(responding) && responding.find((key) => !routes.includes(key))
  if (astray) throw new TypeError(`${who}: routeResponse names the route '${astray}', which is not in routes.`)
  return { ...rest, routes }
}

/** The deployed routes where nobody says which. */
export const routesOf = (handler: unknown): readonly string[] => {
  const own = [...(insideOf(handler)?.plan.routes.keys() ?? [])]
  return ['$connect', '$disconnect', '$default', ...own.filter((name) => !name.startsWith('$'))]
}

const MS = 'must be a number of milliseconds from 1 to 2147483647'
// A timer of Node that is set for longer fires at once.
const MAX_TIMER_MS = 2 ** 31 - 1
const ms = (fallback: number) =>
  v.optional(v.pipe(v.number(MS), v.minValue(1, MS), v.maxValue(MAX_TIMER_MS, MS)), fallback)
const PORT = 'must be an integer from 0 to 65535'
const STAGE = "must be 1 to 128 of letters, digits, '_' and '-'"
const ROUTES = "must be a list of route keys; '$' begins only $connect, $disconnect and $default"
const FUNCTIONS = 'must have the functions now, setTimeout and clearTimeout'
const VARIABLES = 'must be a record of strings'
const RESPONSE = 'must be true, false or a list of route keys'

const PER_SECOND = 'must be a number above 0'
const DOMAIN = "must be { domainName: 'ws.example.com', mappingKey?: 'v1' }"

const perSecond = v.pipe(v.number(PER_SECOND), v.gtValue(0, PER_SECOND))
// "Custom domain names": a mapping key has letters, digits and $-_.+!*'(); one more slash would be a path of two keys.
const CustomDomain = v.strictObject(
  {
    domainName: v.pipe(v.string(DOMAIN), v.regex(/^[a-z0-9.-]+$/, DOMAIN)),
    mappingKey: v.exactOptional(v.pipe(v.string(DOMAIN), v.regex(/^[\w$\-.+!*'()]{0,300}$/, DOMAIN))),
  },
  DOMAIN,
)
const functionThat = <Wanted>() => v.custom<Wanted>((value) => typeof value === 'function', 'must be a function')
const SIGNER = 'must be true, false or { accessKeyId, secretAccessKey, sessionToken?, region? }'
const Signer = v.object({
  accessKeyId: v.string(),
  secretAccessKey: v.string(),
  sessionToken: v.exactOptional(v.string()),
  region: v.exactOptional(v.string()),
})
const CHAOS = `must be { seed }, an integer, and chances from 0 to 1 of ${CHAOS_CHANCES.join(', ')}`
const Chance = v.exactOptional(v.pipe(v.number(CHAOS), v.minValue(0, CHAOS), v.maxValue(1, CHAOS)))
const Chaos: v.GenericSchema<unknown, ChaosOptions> = v.strictObject(
  {
    seed: v.pipe(v.number(CHAOS), v.integer(CHAOS)),
    ...Object.fromEntries(CHAOS_CHANCES.map((name) => [name, Chance])),
  },
  CHAOS,
)
const SOURCE =
  "must be as AWS writes it: 'route.request.querystring.token' or 'route.request.header.Auth', or a list of such"
const Source = v.pipe(v.string(SOURCE), v.regex(IDENTITY_SOURCE, SOURCE))
const RouteKey = v.pipe(v.string(ROUTES), v.regex(/^(?:[^$]|\$(?:connect|disconnect|default)$)/, ROUTES))
const text = (message: string) => v.pipe(v.string(message), v.nonEmpty(message))
const functionOf = (clock: unknown, name: string) =>
  typeof clock === 'object' && clock !== null && typeof Reflect.get(clock, name) === 'function'

const Options = v.strictObject({
  port: v.optional(v.pipe(v.number(PORT), v.integer(PORT), v.minValue(0, PORT), v.maxValue(65_535, PORT)), 0),
  host: v.optional(text('must be an address to listen on'), '127.0.0.1'),
  stage: v.optional(v.pipe(v.string(STAGE), v.regex(/^[\w-]{1,128}$/, STAGE)), 'dev'),
  routes: v.exactOptional(v.array(RouteKey, ROUTES)),
  routeSelectionExpression: v.optional(text('must be a selection expression'), '$request.body.action'),
  routeResponse: v.optional(v.union([v.boolean(), v.array(v.string())], RESPONSE), false),
  authorizer: v.exactOptional(functionThat<LambdaHandler<AuthorizerEvent>>()),
  identitySource: v.optional(
    v.pipe(
      v.union([Source, v.array(Source)], SOURCE),
      v.transform((given) => [given].flat()),
    ),
    [],
  ),
  stageVariables: v.exactOptional(v.record(v.string(), v.string(VARIABLES), VARIABLES)),
  integrationTimeoutMs: ms(LIMITS.integrationTimeoutMs.value),
  lambdaTimeoutMs: ms(LIMITS.lambdaTimeoutMs.value),
  idleMs: ms(LIMITS.idleMs.value),
  maxAgeMs: ms(LIMITS.maxAgeMs.value),
  clock: v.optional(
    v.custom<Clock>(
      (clock) => ['now', 'setTimeout', 'clearTimeout'].every((name) => functionOf(clock, name)),
      FUNCTIONS,
    ),
    { now: Date.now, setTimeout, clearTimeout },
  ),
  customDomain: v.exactOptional(CustomDomain),
  connectsPerSecond: v.exactOptional(perSecond),
  requestsPerSecond: v.exactOptional(perSecond),
  verifySignature: v.optional(v.union([v.boolean(), Signer], SIGNER), false),
  chaos: v.exactOptional(Chaos),
  isolation: v.optional(v.boolean('must be true or false'), false),
  notice: v.optional(functionThat<(sentence: string) => void>(), () => console.warn),
  random: v.optional(functionThat<() => number>(), () => Math.random),
  page: v.exactOptional(text('must be the path of an HTML file')),
  inspector: v.optional(v.boolean('must be true or false'), false),
  observe: v.exactOptional(functionThat<(invocation: Invocation) => void>()),
  waiting: v.optional(functionThat<(sentence: string) => void>(), () => () => {}),
})

const sentence = (issue: v.BaseIssue<unknown>): string => {
  const name = String(issue.path?.[0]?.key ?? '')
  if (!name) return `the options must be an object, not ${show(issue.input)}.`
  if (!Object.hasOwn(Options.entries, name))
    return `there is no option '${name}'. The options are ${Object.keys(Options.entries).join(', ')}.`
  return `${name} ${issue.message}, not ${show(issue.path?.[0]?.value)}.`
}

const show = (value: unknown): string => inspect(value, { depth: 1, breakLength: Infinity })

/** The door's one concession: the user's own annotations say which slice of the event and the context is read. */
export const asHandler = (handler: unknown): LambdaHandler => handler as LambdaHandler
