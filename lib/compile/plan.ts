import { compose, type Layer } from '../flow/middleware.ts'
import type { Plan, Route, Run } from '../flow/plan.ts'
import { serverOf } from '../flow/server.ts'
import type { Application, State } from '../flow/state.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { mistake, protocolWithoutStore } from '../mistakes.ts'
import { type Schema, valid } from '../schema.ts'
import type { Store } from '../store/store.ts'
import type { Limits, Options, Warning } from '../types/options.ts'
import { json } from '../wire/json.ts'
import { gateways } from './gateways.ts'
import type { Parts, RoutePart } from './parts.ts'
import { warnAtBuild } from './warnings.ts'

/** Make the plan of an application out of its parts, and refuse parts that do not fit together. */
export const planOf = (options: Options, parts: Parts): Plan => {
  checkOptions(options)
  const { authorizer, pushes, onError } = parts
  const layers = authorizer ? [authorize(authorizer), ...parts.layers] : parts.layers
  const { codec = json(), replies = 'post', routeBy = 'message', random = Math.random, warn = say } = options
  warnAtBuild(parts, warn)
  const plan: Plan = {
    routes: new Map([...parts.routes].map(([name, part]) => [name, routeOf(name, part, layers)])),
    fallback: parts.onDefault && { ...BARE, run: compose(layers, parts.onDefault) },
    connect: compose(layers, parts.onConnect ?? nothing),
    disconnect: compose(layers, parts.onDisconnect ?? nothing),
    onError,
    pushes,
    state: stateOf(parts, warn),
    codec,
    limits: { ...LIMITS, ...options.limits },
    replies,
    routeBy,
    gatewayOf: gateways(options, random),
    serverOf: remembering((gateway: Gateway) => serverOf(plan, () => gateway)),
    clock: { now: Date.now, wait: sleep, ...options.clock },
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

const BARE: Omit<Route, 'run'> = { name: '$default', input: undefined, reply: undefined, exclusive: false }

/** The declared authorizer is checked before anything else sees the event. */
const authorize =
  (schema: Schema): Layer =>
  async (context, next) => {
    const { authorizer } = context as { readonly authorizer: unknown }
    return next({ authorizer: await valid(schema, authorizer, 'What the authorizer returned') })
  }

/** The store brings everything that needs one. */
const stateOf = (
  { store, protocol, routes, onDefault }: Parts,
  warn: (warning: Warning) => void,
): State | undefined => {
  if (protocol && !store) throw mistake(protocolWithoutStore, `the protocol '${protocol.machine.id}'`)
  // Made by store() alone, whose state this is; ports below this floor cannot name its type.
  const make = store?.['~state'] as ((ports: Store, application: Application) => State) | undefined
  return store && make?.(store, { protocol, routes, hasDefault: onDefault !== undefined, warn })
}

const checkOptions = (options: Options) => {
  const limits = options.limits ?? {}
  checkNames('option', Object.keys(options), OPTIONS)
  checkNames('limit', Object.keys(limits), Object.keys(LIMITS))
  for (const [name, allowed] of Object.entries(CHOICES)) {
    const value = options[name as keyof typeof CHOICES]
    if (value !== undefined && !allowed.includes(value))
      throw new TypeError(`ws({ ${name} }) is '${allowed.join("' or '")}', not ${JSON.stringify(value)}.`)
  }
  for (const [name, value] of Object.entries(limits))
    if (!(Number.isInteger(value) && value > 0)) throw new TypeError(`The limit '${name}' is a positive whole number.`)
}

const checkNames = (kind: string, names: readonly string[], allowed: readonly string[]) => {
  const unknown = names.find((name) => !allowed.includes(name))
  if (unknown) throw new TypeError(`ws() has no ${kind} '${unknown}'. It has ${allowed.join(', ')}.`)
}

const CHOICES = { replies: ['post', 'route-response'], routeBy: ['message', 'routeKey'] }
const OPTIONS = [...Object.keys(CHOICES), ...['gateway', 'endpoint', 'codec', 'limits', 'warn', 'clock', 'random']]

/** 128 KB is what API Gateway carries (WebSocket API quotas); the rest is ours, far above what a message needs. */
const LIMITS: Limits = { maxBytes: 128 * 1024, maxDepth: 64, maxKeys: 1_000 }

const nothing: Run = () => undefined
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const say = ({ code, message, fix }: Warning) => console.warn(`ws-interlock ${code}: ${message} ${fix}`)
