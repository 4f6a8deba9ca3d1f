import type { LambdaHandler } from '../invoke.ts'
import { asHandler } from '../settings.ts'

/**
 * Find the handler of a module: the named export, else `handler`, else `default`, else the only function. Throws a
 * `TypeError` whose message is a sentence.
 */
export const exportedHandler = (exports: object, file: string, name: string | undefined): LambdaHandler => {
  const found = functionsOf(exports)
  const [only, ...others] = found.values()
  const handler =
    name === undefined
      ? (found.get('handler') ?? found.get('default') ?? (others.length === 0 ? only : undefined))
      : found.get(name)
  if (handler) return handler
  const names = [...found.keys()].join(', ') || 'none'
  throw new TypeError(
    name === undefined
      ? `${file} exports no function called 'handler'. Name the handler among what it exports: ${names}.`
      : `${file} exports no function '${name}'. Its functions: ${names}.`,
  )
}

const functionsOf = (exports: object): ReadonlyMap<string, LambdaHandler> => {
  const inner: unknown = Reflect.get(exports, 'default')
  // A CommonJS module arrives as the default export of an ES module, and its names may arrive beside it.
  const all = typeof inner === 'object' && inner !== null ? { ...inner, ...exports } : exports
  return new Map(
    Object.entries(all).flatMap(([name, value]) =>
      typeof value === 'function' && name !== 'module.exports' ? [[name, asHandler(value)] as const] : [],
    ),
  )
}
