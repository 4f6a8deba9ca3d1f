import { inspect } from 'node:util'
import * as v from 'valibot'
import type { Invocation, LambdaHandler } from './invoke.ts'
import { LIMITS } from './rules.ts'

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
  /** The deployed route keys. Without `$default` in the list there is none. @default ['$connect', '$disconnect', '$default'] */
  readonly routes?: readonly string[]
  /** @default '$request.body.action' */
  readonly routeSelectionExpression?: string
  /** Which routes have a route response, so that a returned body reaches the client. @default false */
  readonly routeResponse?: boolean | readonly string[]
  /** On every event, where there are any. @default none */
  readonly stageVariables?: Readonly<Record<string, string>>
  /** The client is told of a timeout after this long; the handler runs on. @default 29_000 */
  readonly integrationTimeoutMs?: number
  /** What `context.getRemainingTimeInMillis()` counts down from. @default 30_000 */
  readonly lambdaTimeoutMs?: number
  /** A connection without a message for this long is closed. @default 600_000 */
  readonly idleMs?: number
  /** A connection of this age is closed. @default 7_200_000 */
  readonly maxAgeMs?: number
  /** @default the clock of the machine */
  readonly clock?: Clock
  /** Path of an HTML file to serve at `GET /`. A convenience: API Gateway has nothing like it. @default none */
  readonly page?: string
  /** Called once per event with what came of it. Errors of the handler are seen here and nowhere else. */
  readonly observe?: (invocation: Invocation) => void
  /** Called once, with a sentence, where `close()` waits for longer than a second: for whom it waits. @default none */
  readonly waiting?: (sentence: string) => void
}

export type Settings = Required<Omit<LocalOptions, 'stageVariables' | 'page'>> &
  Pick<LocalOptions, 'stageVariables' | 'page'>

/** Check and complete what the user wrote. Throws a `TypeError` whose message is one sentence. */
export const readOptions = (handler: unknown, options: unknown): Settings => {
  if (typeof handler !== 'function')
    throw new TypeError(`localGateway: the handler must be a function, not ${show(handler)}.`)
  const read = v.safeParse(Options, options)
  if (!read.success) throw new TypeError(`localGateway: ${sentence(read.issues[0])}`)
  const responding = read.output.routeResponse
  const astray = Array.isArray(responding) && responding.find((key) => !read.output.routes.includes(key))
  if (astray) throw new TypeError(`localGateway: routeResponse names the route '${astray}', which is not in routes.`)
  return read.output
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

const RouteKey = v.pipe(v.string(ROUTES), v.regex(/^(?:[^$]|\$(?:connect|disconnect|default)$)/, ROUTES))
const text = (message: string) => v.pipe(v.string(message), v.nonEmpty(message))
const functionOf = (clock: unknown, name: string) =>
  typeof clock === 'object' && clock !== null && typeof Reflect.get(clock, name) === 'function'

const Options = v.strictObject({
  port: v.optional(v.pipe(v.number(PORT), v.integer(PORT), v.minValue(0, PORT), v.maxValue(65_535, PORT)), 0),
  host: v.optional(text('must be an address to listen on'), '127.0.0.1'),
  stage: v.optional(v.pipe(v.string(STAGE), v.regex(/^[\w-]{1,128}$/, STAGE)), 'dev'),
  routes: v.optional(v.array(RouteKey, ROUTES), ['$connect', '$disconnect', '$default']),
  routeSelectionExpression: v.optional(text('must be a selection expression'), '$request.body.action'),
  routeResponse: v.optional(v.union([v.boolean(), v.array(v.string())], RESPONSE), false),
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
  page: v.exactOptional(text('must be the path of an HTML file')),
  observe: v.optional(
    v.custom<(invocation: Invocation) => void>((value) => typeof value === 'function', 'must be a function'),
    () => () => {},
  ),
  waiting: v.optional(
    v.custom<(sentence: string) => void>((value) => typeof value === 'function', 'must be a function'),
    () => () => {},
  ),
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
