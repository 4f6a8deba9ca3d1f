import type { Layer } from '../flow/middleware.ts'
import type { Run } from '../flow/plan.ts'
import type { Application } from '../flow/state.ts'
import {
  duplicateRoute,
  lateDeclaration,
  lifecycleRoute,
  mistake,
  need,
  needKeys,
  secondDeclaration,
  unknownRouteOption,
} from '../mistakes.ts'
import type { Schema } from '../schema.ts'
import type { Store } from '../store/store.ts'
import type { RouteOptions } from '../types/route.ts'

/** One call on the chain. */
export interface Step {
  readonly name: string
  readonly given: readonly unknown[]
}

/** A chain, sorted by what its calls say. Every call was checked as far as it can be by itself. */
export interface Parts {
  authorizer?: Schema
  store?: Store
  pushes?: Readonly<Record<string, Schema>>
  protocol?: Application['protocol']
  connection?: Schema
  channels?: unknown
  readonly layers: Layer[]
  readonly routes: Map<string, RoutePart>
  onConnect?: Run
  onDefault?: Run
  onDisconnect?: Run
  onError?: (error: unknown, context: object) => unknown
}

export interface RoutePart {
  readonly run: Run
  readonly input: Schema | undefined
  readonly reply: Schema | undefined
  readonly progress: Schema | undefined
  readonly layers: readonly Layer[]
  readonly exclusive: boolean
  readonly again: boolean
}

/** Sort the calls of a chain, and refuse what the types would have refused. */
export const sort = (steps: readonly Step[]): Parts => {
  const parts: Parts = { layers: [], routes: new Map() }
  let routed: string | undefined
  for (const { name, given } of steps) {
    const declare = DECLARATIONS[name]
    if (declare && routed) throw mistake(lateDeclaration, `.${name}() after .${routed}()`)
    if (!declare) routed ??= name
    // What there can be one of is kept under the name of its method.
    if (name in parts) throw mistake(declare ? secondDeclaration : duplicateRoute, `.${name}()`)
    ;(declare ?? ROUTES[name])?.(parts, given)
  }
  return parts
}

type Take = (parts: Parts, given: readonly unknown[]) => void

const DECLARATIONS: Readonly<Record<string, Take>> = {
  authorizer: (parts, [schema]) => {
    parts.authorizer = schemaOf(schema, '.authorizer()')
  },
  store: (parts, [store]) => {
    need(
      typeof Object(store)['~state'] === 'function',
      'A store',
      '.store(): memory(), or one of your own: store({ records, memberships })',
    )
    parts.store = store as Store
  },
  pushes: (parts, [map]) => {
    needKeys('.pushes()', map)
    const pushes = map as Readonly<Record<string, Schema>>
    for (const [name, schema] of Object.entries(pushes)) {
      if (name.startsWith('$')) throw mistake("The name of a push begins without '$'.", `'${name}'`)
      schemaOf(schema, `the push '${name}'`)
    }
    parts.pushes = pushes
  },
  protocol: (parts, [machine, options = {}]) => {
    // Read where its store has brought the code for it.
    parts.protocol = { machine, options }
  },
  connection: (parts, [schema]) => {
    parts.connection = schemaOf(schema, '.connection()')
  },
  channels: (parts, [rules]) => {
    // Read where its store has brought the code for it.
    parts.channels = rules
  },
  extend: (parts, [extend]) => {
    const run = runOf(extend, '.extend()')
    parts.layers.push(async (context, next) => next(Object(await run(context))))
  },
  use: (parts, [middleware]) => {
    parts.layers.push(runOf(middleware, '.use()'))
  },
}

const once =
  (name: 'onConnect' | 'onDefault' | 'onDisconnect' | 'onError'): Take =>
  (parts, [run]) => {
    parts[name] = runOf(run, `.${name}()`)
  }

const ROUTES: Readonly<Record<string, Take>> = {
  on: (parts, [name, ...rest]) => {
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME)
      throw mistake(`The name of a route has 1 to ${MAX_NAME} characters.`, `.on('${String(name)}')`)
    if (name.startsWith('$')) throw mistake(lifecycleRoute, `'${name}'`)
    if (parts.routes.has(name)) throw mistake(duplicateRoute, `'${name}'`)
    parts.routes.set(name, routeOf(name, rest))
  },
  task: (parts, given) => {
    const { queue } = Object(given[2])
    need(!!queue?.['~task'], 'A queue', '.task()')
    // It brings the code: an application without tasks carries none of it.
    ROUTES.on?.(parts, [given[0], ...queue['~task'](parts, ...given)])
  },
  onConnect: once('onConnect'),
  onDefault: once('onDefault'),
  onDisconnect: once('onDisconnect'),
  onError: once('onError'),
}

/** The wire reads no longer names: see wire/README.md. */
const MAX_NAME = 128

/** What can be called on a chain, besides `build()`. */
export const METHODS: readonly string[] = Object.keys({ ...DECLARATIONS, ...ROUTES })

const routeOf = (name: string, rest: readonly unknown[]): RoutePart => {
  const [spec, handler] = rest.length === 1 ? [undefined, rest[0]] : rest
  const where = `the route '${name}'`
  const described = (Object(spec)['~route'] ?? { input: spec }) as { readonly [Option in keyof RouteOptions]: unknown }
  needKeys(where, described, ['input', 'reply', 'progress', 'use', 'exclusive'], unknownRouteOption)
  const { input, reply, progress, use = [], exclusive = false } = described
  need(typeof exclusive === 'boolean', 'A boolean', `${where}: exclusive`)
  return {
    run: runOf(handler, where),
    input: input === undefined ? undefined : schemaOf(input, where),
    reply: reply === undefined ? undefined : schemaOf(reply, where),
    progress: progress === undefined ? undefined : schemaOf(progress, where),
    layers: [use].flat().map((layer) => runOf(layer, `a middleware of ${where}`)),
    exclusive: exclusive as boolean,
    // Said by the handler of a task.
    again: !!Object(handler)['~again'],
  }
}

const runOf = (run: unknown, where: string) => {
  need(typeof run === 'function', 'A function', where)
  return run as Run & Layer & NonNullable<Parts['onError']>
}

const schemaOf = (schema: unknown, where: string): Schema => {
  const { validate } = Object(Object(schema)['~standard']) as { readonly validate?: unknown }
  need(typeof validate === 'function', 'A schema', `${where}: one of Valibot, Zod, ArkType or another Standard Schema`)
  return schema as Schema
}
