import { compose, type Layer } from '../flow/middleware.ts'
import type { Plan, Route, Run } from '../flow/plan.ts'
import { serverOf } from '../flow/server.ts'
import type { Application, State } from '../flow/state.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { keepingWithoutStore, mistake, protocolWithoutStore } from '../mistakes.ts'
import type { Schema } from '../schema.ts'
import type { Store } from '../store/store.ts'
import type { Options, Warning } from '../types/options.ts'
import type { Codec } from '../wire/codec.ts'
import { gateways } from './gateways.ts'
import type { Parts, RoutePart } from './parts.ts'
import { settingsOf } from './settings.ts'
import { warnAtBuild } from './warnings.ts'

/** Make the plan of an application out of its parts, and refuse parts that do not fit together. */
export const planOf = (options: Options, parts: Parts): Plan => {
  const settings = settingsOf(options)
  const { codec, random, warn } = settings
  const { authorizer, pushes = {}, onError } = parts
  const layers = authorizer ? [authorize(authorizer), ...parts.layers] : parts.layers
  warnAtBuild(parts, warn)
  const everyLayer = [...parts.layers, ...[...parts.routes.values()].flatMap((part) => part.layers)]
  const state = stateOf(codec, { ...options, ...parts, reads: everyLayer.some((layer) => layer['~reads']) }, warn)
  const routes = [...parts.routes].map(([name, part]) => routeOf(name, part, layers))
  const brought = everyLayer.flatMap((layer) => layer['~routes'] ?? [])
  const plan: Plan = {
    ...settings,
    routes: new Map(
      [PING, ...brought.map((route) => ({ ...PING, ...route })), ...routes, ...(state?.routes ?? [])].map((route) => [
        route.name,
        route,
      ]),
    ),
    fallback: parts.onDefault && { ...BARE, run: compose(layers, parts.onDefault) },
    connect: compose(layers, parts.onConnect ?? nothing),
    disconnect: compose(layers, parts.onDisconnect ?? nothing),
    onError,
    pushes,
    state,
    gatewayOf: gateways(options, random),
    carrying: remembering((gateway: Gateway) => carriedBy(codec, gateway)),
    serverOf: remembering((gateway: Gateway) => serverOf(plan, () => gateway)),
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

/** A gateway whose posts are those of a codec. Remembered like the rest: the server's side is known by its gateway. */
const carriedBy = (codec: Codec, gateway: Gateway): Gateway => {
  if (!codec.carry) return gateway
  return {
    post: (id, frame, ...given) => {
      const post = (text: string) => gateway.post(id, text, ...given)
      return codec.carry?.(frame, post) ?? post(frame)
    },
    close: (...given) => gateway.close(...given),
    info: (...given) => gateway.info(...given),
  }
}

const routeOf = (name: string, { layers, run, ...rest }: RoutePart, outer: readonly Layer[]): Route => ({
  name,
  ...rest,
  run: compose([...outer, ...layers], run),
})

const BARE: Omit<Route, 'run'> = { name: '$default', input: undefined, reply: undefined, exclusive: false }

const nothing: Run = () => undefined

/** A heartbeat: answered, and nothing else. */
const PING: Route = { ...BARE, name: '$ping', free: true, run: nothing }

/** The declared authorizer is checked before anything else sees the event. */
const authorize =
  (schema: Schema): Layer =>
  async ({ authorizer }: { readonly authorizer?: unknown }, next) => {
    let result = await schema['~standard'].validate(authorizer)
    if (result.issues) {
      // A number or a boolean may arrive as text. Code for that is loaded once a schema minds, and stays.
      schema = (await import('./authorizer.ts')).reading(schema)
      result = await schema['~standard'].validate(authorizer)
    }
    return next({ authorizer: result.value })
  }

type Whole = Parts & Pick<Application, 'reads'>

/** The store brings everything that needs one. */
const stateOf = (codec: Codec, parts: Whole, warn: (warning: Warning) => void): State | undefined => {
  const { store, protocol, connection, channels, reads } = parts
  if (!store && protocol) throw mistake(protocolWithoutStore, `'${Object(protocol.machine).id}'`)
  if (codec.keeps && !store?.blobs) throw mistake('This codec needs a store that keeps texts.', 'blobs of .store()')
  if (!store && (connection ?? channels ?? (reads || undefined))) throw mistake(keepingWithoutStore, 'build()')
  // Made by store() alone, whose state this is; ports below this floor cannot name its type.
  const make = store?.['~state'] as ((ports: Store, application: Application) => State) | undefined
  return store && make?.(store, { ...parts, hasDefault: parts.onDefault !== undefined, warn })
}
