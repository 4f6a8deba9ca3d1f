import { compose, type Layer } from '../flow/middleware.ts'
import type { Plan, Protocol, Route, Run } from '../flow/plan.ts'
import { serverOf } from '../flow/server.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { mistake } from '../mistakes.ts'
import { eventsOf, knows, problemsOf } from '../protocol/check.ts'
import { wrap } from '../protocol/machine.ts'
import type { Schema } from '../schema.ts'
import type { Limits, Options, Warning } from '../types/options.ts'
import { json } from '../wire/json.ts'
import { gateways } from './gateways.ts'
import type { Parts, RoutePart } from './parts.ts'
import { warnAtBuild } from './warnings.ts'

/** Make the plan of an application out of its parts, and refuse parts that do not fit together. */
export const planOf = (options: Options, parts: Parts): Plan => {
  checkOptions(options)
  const { authorizer, store, pushes, onError } = parts
  const protocol = protocolOf(parts)
  const layers = authorizer ? [authorize(authorizer), ...parts.layers] : parts.layers
  const random = options.random ?? Math.random
  const warn = options.warn ?? say
  warnAtBuild(parts, warn)
  const plan: Plan = {
    routes: new Map([...parts.routes].map(([name, part]) => [name, routeOf(name, part, layers)])),
    fallback: parts.onDefault && routeOf('$default', { ...BARE, run: parts.onDefault }, layers),
    connect: compose(layers, parts.onConnect ?? nothing),
    disconnect: compose(layers, parts.onDisconnect ?? nothing),
    onError,
    pushes,
    store,
    protocol,
    codec: options.codec ?? json(),
    limits: { ...LIMITS, ...options.limits },
    replies: options.replies ?? 'post',
    routeBy: options.routeBy ?? 'message',
    gatewayOf: gateways(options, random),
    serverOf: remembering((gateway: Gateway) => serverOf(plan, () => gateway)),
    clock: { now: options.clock?.now ?? Date.now, wait: options.clock?.wait ?? sleep },
    random,
    warn,
  }
  return plan
}

/** An application speaks through one gateway, or a few: the last one asked for is the next one. */
const remembering = <Key extends object, Made>(make: (key: Key) => Made) => {
  let last: { readonly key: Key; readonly made: Made } | undefined
  return (key: Key): Made => {
    if (last?.key !== key) last = { key, made: make(key) }
    return last.made
  }
}

const routeOf = (name: string, { layers, run, ...rest }: RoutePart, outer: readonly Layer[]): Route => ({
  name,
  ...rest,
  run: compose([...outer, ...layers], run),
})

const BARE: Omit<RoutePart, 'run'> = { input: undefined, reply: undefined, layers: [], exclusive: false }

/** The declared authorizer is checked before anything else sees the event. */
const authorize =
  (schema: Schema): Layer =>
  async (context, next) => {
    const { authorizer } = context as { readonly authorizer: unknown }
    const result = await schema['~standard'].validate(authorizer)
    if (!result.issues) return next({ authorizer: result.value })
    const [issue] = result.issues
    throw new TypeError(`What the authorizer returned does not fit the schema of .authorizer(): ${issue?.message}`)
  }

const protocolOf = ({ protocol, store, routes, onDefault }: Parts): Protocol | undefined => {
  if (!protocol) return undefined
  const { machine, internal, input } = protocol
  if (!store) throw mistake('protocolWithoutStore', `the protocol '${machine.id}'`)
  const events = eventsOf(machine)
  const unknown = internal.find((event) => !events.includes(event))
  if (unknown !== undefined) throw mistake('unknownInternal', `'${unknown}'`)
  const peers = events.filter((event) => !internal.includes(event))
  const stray = [...routes.keys()].find((name) => internal.includes(name) || !knows(machine, name))
  if (stray !== undefined) throw mistake('unknownEvent', `'${stray}'`)
  const [problem] = problemsOf(machine, [...routes.keys(), ...(onDefault ? ['$default'] : [])])
  if (problem) throw new TypeError(problem)
  const missing = peers.filter((event) => !routes.has(event))
  if (missing.length > 0) throw mistake('missingRoutes', missing.join(', '))
  return { machine: wrap(machine), input, internal: new Set(internal), names: new Set(routes.keys()) }
}

const checkOptions = (options: Options) => {
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name))
  if (unknown) throw new TypeError(`ws() has no option '${unknown}'. It has ${[...OPTIONS].join(', ')}.`)
  for (const [name, allowed] of Object.entries(CHOICES)) {
    const value = options[name as keyof typeof CHOICES]
    if (value !== undefined && !allowed.includes(value))
      throw new TypeError(
        `ws({ ${name} }) is ${allowed.map((one) => `'${one}'`).join(' or ')}, not ${JSON.stringify(value)}.`,
      )
  }
  for (const [name, value] of Object.entries(options.limits ?? {})) {
    if (!(name in LIMITS))
      throw new TypeError(`There is no limit '${name}'. There are ${Object.keys(LIMITS).join(', ')}.`)
    if (!(Number.isInteger(value) && value > 0)) throw new TypeError(`The limit '${name}' is a positive whole number.`)
  }
}

const CHOICES = { replies: ['post', 'route-response'], routeBy: ['message', 'routeKey'] }
const OPTIONS = new Set<string>([
  ...Object.keys(CHOICES),
  ...['gateway', 'endpoint', 'codec', 'limits', 'warn', 'clock', 'random'],
])

/** 128 KB is what API Gateway carries (WebSocket API quotas); the rest is ours, far above what a message needs. */
const LIMITS: Limits = { maxBytes: 128 * 1024, maxDepth: 64, maxKeys: 1_000 }

const nothing: Run = () => undefined
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const say = ({ code, message, fix }: Warning) => console.warn(`ws-interlock ${code}: ${message} ${fix}`)
