import { statSync } from 'node:fs'
import { inspect } from 'node:util'
import * as v from 'valibot'
import type { AuthorizerEvent } from '../event/authorizer.ts'
import { CHAOS_CHANCES, type ChaosOptions } from './chaos.ts'
import { insideOf } from './inside.ts'
import type { Invocation, LambdaHandler } from './invoke.ts'
import type { Clock, LocalOptions } from './options.ts'
import { expressionProblem } from './route.ts'
import { LIMITS } from './rules.ts'
import { IDENTITY_SOURCE } from './rules-events.ts'

/** Complete: what has no default may be absent. */
type Optional =
  | 'authorizer'
  | 'chaos'
  | 'stageVariables'
  | 'customDomain'
  | 'connectsPerSecond'
  | 'requestsPerSecond'
  | 'messagesPerSecond'
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
  if (!isObject(options)) throw new TypeError(`${who}: the options must be an object, not ${show(options)}.`)
  const read = v.safeParse(Options, withoutUndefined(options))
  if (!read.success) throw new TypeError(`${who}: ${sentence(read.issues[0])}`)
  const { routes = routesOf(handler), ...rest } = read.output
  const responding = rest.routeResponse
  const astray = Array.isArray(responding) && responding.find((key) => !routes.includes(key))
  if (astray) throw new TypeError(`${who}: routeResponse names the route '${astray}', which is not in routes.`)
  const deaf = Array.isArray(responding) && responding.find((key) => key === '$connect' || key === '$disconnect')
  if (deaf) throw new TypeError(`${who}: routeResponse is for routes of messages, and '${deaf}' is none.`)
  if (rest.authorizer && !routes.includes('$connect'))
    throw new TypeError(`${who}: authorizer belongs to the route '$connect', which is not in routes.`)
  if (rest.identitySource.length > 0 && !rest.authorizer)
    throw new TypeError(`${who}: identitySource is where an authorizer looks, and there is no authorizer.`)
  return { ...rest, routes }
}

/** What is `undefined` counts as not given, in the options and in those that have members of their own. */
export const withoutUndefined = (options: unknown): unknown =>
  isObject(options)
    ? Object.fromEntries(
        Object.entries(Object(options)).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, NESTED.has(name) ? withoutUndefined(value) : value]],
        ),
      )
    : options

const NESTED: ReadonlySet<string> = new Set(['customDomain', 'chaos', 'verifySignature'])

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

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
const STAGE = `must be 1 to ${LIMITS.stageCharacters.value} of letters, digits, '_' and '-'`
const ROUTES = "must be a list of route keys; '$' begins only $connect, $disconnect and $default"
const FUNCTIONS = 'must have the functions now, setTimeout and clearTimeout'
const VARIABLES = 'must be a record of strings'
const RESPONSE = 'must be true, false or a list of route keys'

const text = (message: string) => v.pipe(v.string(message), v.nonEmpty(message))
const PER_SECOND = 'must be a number above 0'
const DOMAIN = "must be { domainName: 'ws.example.com', mappingKey?: 'v1' }"

const perSecond = v.pipe(v.number(PER_SECOND), v.gtValue(0, PER_SECOND))
// "Custom domain names": a mapping key has letters, digits and $-_.+!*'(); one more slash would be a path of two keys.
const CustomDomain = v.strictObject(
  {
    domainName: v.pipe(v.string(DOMAIN), v.regex(/^[a-z0-9.-]+$/, DOMAIN)),
    mappingKey: v.exactOptional(
      v.pipe(
        v.string(DOMAIN),
        v.regex(/^[\w$\-.+!*'()]*$/, DOMAIN),
        v.maxLength(LIMITS.mappingKeyCharacters.value, DOMAIN),
      ),
    ),
  },
  DOMAIN,
)
const functionThat = <Wanted>() => v.custom<Wanted>((value) => typeof value === 'function', 'must be a function')
const SIGNER = 'must be true, false or { accessKeyId, secretAccessKey, sessionToken?, region? }'
const Signer = v.object({
  accessKeyId: text(SIGNER),
  secretAccessKey: text(SIGNER),
  sessionToken: v.exactOptional(v.string()),
  region: v.exactOptional(v.string()),
})
const CHAOS = `must be { seed }, an integer, and chances from 0 to 1 of ${CHAOS_CHANCES.join(', ')}`
const Chance = v.exactOptional(v.pipe(v.number(CHAOS), v.minValue(0, CHAOS), v.maxValue(1, CHAOS)))
const Chaos: v.GenericSchema<unknown, ChaosOptions> = v.strictObject(
  {
    seed: v.pipe(v.number(CHAOS), v.safeInteger(CHAOS)),
    ...Object.fromEntries(CHAOS_CHANCES.map((name) => [name, Chance])),
  },
  CHAOS,
)
const SOURCE =
  "must be as AWS writes it: 'route.request.querystring.token' or 'route.request.header.Auth', or a list of such"
const Source = v.pipe(v.string(SOURCE), v.regex(IDENTITY_SOURCE, SOURCE))
const RouteKey = v.pipe(v.string(ROUTES), v.regex(/^(?:[^$]|\$(?:connect|disconnect|default)$)/, ROUTES))
const functionOf = (clock: unknown, name: string) =>
  typeof clock === 'object' && clock !== null && typeof Reflect.get(clock, name) === 'function'

const EXPRESSION = "must be a selection expression, such as '$request.body.action'"
const PAGE = 'must be the path of an HTML file'
const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true

const Options = v.strictObject({
  port: v.optional(v.pipe(v.number(PORT), v.integer(PORT), v.minValue(0, PORT), v.maxValue(65_535, PORT)), 0),
  host: v.optional(text('must be an address to listen on'), '127.0.0.1'),
  stage: v.optional(
    v.pipe(v.string(STAGE), v.regex(/^[\w-]+$/, STAGE), v.maxLength(LIMITS.stageCharacters.value, STAGE)),
    'dev',
  ),
  routes: v.exactOptional(v.array(RouteKey, ROUTES)),
  routeSelectionExpression: v.optional(
    v.pipe(
      text(EXPRESSION),
      v.check(
        (given) => expressionProblem(given) === undefined,
        ({ input }) => `${EXPRESSION} (${expressionProblem(input)})`,
      ),
    ),
    '$request.body.action',
  ),
  routeResponse: v.optional(v.union([v.boolean(), v.array(v.string())], RESPONSE), false),
  authorizer: v.exactOptional(functionThat<LambdaHandler<AuthorizerEvent>>()),
  identitySource: v.optional(
    v.pipe(
      v.union([Source, v.array(Source)], SOURCE),
      v.transform((given) => [given].flat()),
    ),
    [],
  ),
  stageVariables: v.exactOptional(
    v.pipe(v.custom(isObject, VARIABLES), v.record(v.string(), v.string(VARIABLES), VARIABLES)),
  ),
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
  messagesPerSecond: v.exactOptional(perSecond),
  verifySignature: v.optional(v.union([v.boolean(), Signer], SIGNER), false),
  chaos: v.exactOptional(Chaos),
  isolation: v.optional(v.boolean('must be true or false'), false),
  notice: v.optional(functionThat<(sentence: string) => void>(), () => console.warn),
  random: v.optional(functionThat<() => number>(), () => Math.random),
  page: v.exactOptional(v.pipe(text(PAGE), v.check(isFile, `${PAGE} that is there`))),
  inspector: v.optional(v.boolean('must be true or false'), false),
  observe: v.exactOptional(functionThat<(invocation: Invocation) => void>()),
  waiting: v.optional(functionThat<(sentence: string) => void>(), () => () => {}),
})

export const OPTION_NAMES: readonly string[] = Object.keys(Options.entries)

const sentence = (issue: v.BaseIssue<unknown>): string => {
  const name = String(issue.path?.[0]?.key ?? '')
  if (!Object.hasOwn(Options.entries, name))
    return `there is no option '${name}'. The options are ${OPTION_NAMES.join(', ')}.`
  return `${name} ${issue.message}, not ${show(issue.path?.[0]?.value)}.`
}

export const show = (value: unknown): string => inspect(value, { depth: 1, breakLength: Infinity })

/** The door's one concession: the user's own annotations say which slice of the event and the context is read. */
export const asHandler = (handler: unknown): LambdaHandler => handler as LambdaHandler
