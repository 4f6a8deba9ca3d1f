import type { LambdaHandler } from '../local/index.ts'
import { asHandler } from '../local/settings.ts'
import { isReadable, readByTsx } from '../local/typescript.ts'
import { UsageError } from './error.ts'
import { MODULE, shown } from './file.ts'
import { graphOf } from './graph.ts'
import { needsTsx, whyNot } from './why.ts'

/** What a file exports, and the handler among it. */
export interface Loaded {
  readonly exports: object
  readonly handler: LambdaHandler
}

export interface Loader {
  /** Import the file, and all that it imports of the user's, as it is now. Rejects with a sentence. */
  readonly load: () => Promise<Loaded>
  /** Look for what was loaded meanwhile. */
  readonly look: () => void
  readonly close: () => void
}

/** Import a file and find its handler: the named export, else `handler`, else `default`, else the only function. */
export const loaderOf = async (
  path: string,
  exportName: string | undefined,
  found: (path: string) => void,
): Promise<Loader> => {
  const file = shown(path)
  if (!MODULE.test(path))
    throw new UsageError(
      `${file} is no module. FILE ends in .js, .mjs, .cjs, .ts, .mts or .cts and exports the handler.`,
    )
  if (!isReadable(path)) await readByTsx(path)
  let reached = new Set<string>()
  const follow = (loads = 0) =>
    graphOf(
      path,
      (module) => {
        reached.add(module)
        found(module)
      },
      loads,
    )
  let graph = follow()
  const attempt = async (): Promise<object> => {
    try {
      return await graph.load()
    } catch (error) {
      if (!needsTsx(error) || !(await readByTsx(path))) throw error
      // Node keeps what could not be loaded, so from here on every load has a mark.
      graph.close()
      graph = follow(1)
      return graph.load()
    }
  }
  return {
    load: async () => {
      reached = new Set([path])
      const exports = await attempt().catch(async (error) => Promise.reject(await whyNot(error, path, reached)))
      return { exports, handler: handlerOf(exports, file, exportName) }
    },
    look: () => graph.look(),
    close: () => graph.close(),
  }
}

const handlerOf = (exports: object, file: string, exportName: string | undefined): LambdaHandler => {
  const found = functionsOf(exports)
  if (exportName !== undefined) {
    const named = found.get(exportName)
    if (named) return named
    throw new UsageError(`${file} exports no function '${exportName}'. ${offer(found)}`)
  }
  const [only, ...others] = found.values()
  const handler = found.get('handler') ?? found.get('default') ?? (others.length === 0 ? only : undefined)
  if (handler) return handler
  throw new UsageError(
    found.size === 0
      ? `${file} exports no function. Export the handler: export const handler = async (event, context) => …`
      : `${file} exports several functions and none is called 'handler'. ${offer(found)}`,
  )
}

const offer = (found: ReadonlyMap<string, unknown>) =>
  found.size === 0 ? 'It exports no function at all.' : `Choose one with --export: ${[...found.keys()].join(', ')}.`

const functionsOf = (module: object): ReadonlyMap<string, LambdaHandler> => {
  const inner: unknown = Reflect.get(module, 'default')
  // A CommonJS module arrives as the default export of an ES module, and its names may arrive beside it.
  const all = typeof inner === 'object' && inner !== null ? { ...inner, ...module } : module
  return new Map(
    Object.entries(all).flatMap(([name, value]) =>
      typeof value === 'function' && name !== 'module.exports' ? [[name, asHandler(value)] as const] : [],
    ),
  )
}
