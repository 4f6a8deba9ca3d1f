import { extname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import type { LambdaHandler } from '../local/index.ts'

/** The command was called wrongly: the reader needs the usage, not a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something outside of the command stands in the way; the message says what to do. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** Import a file and find its handler: the named export, else `handler`, else `default`, else the only function. */
export const loadHandler = async (path: string, exportName?: string): Promise<LambdaHandler> => {
  const file = shown(path)
  const found = functionsOf(await importFile(path, file))
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

/** A path as the reader knows it. */
const shown = (path: string) => {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') ? path : near
}

const offer = (found: ReadonlyMap<string, unknown>) =>
  found.size === 0 ? 'It exports no function at all.' : `Choose one with --export: ${[...found.keys()].join(', ')}.`

const importFile = async (path: string, file: string): Promise<object> => {
  if (!MODULE.test(path))
    throw new UsageError(
      `${file} is no module. FILE ends in .js, .mjs, .cjs, .ts, .mts or .cts and exports the handler.`,
    )
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && TYPESCRIPT.test(String(error)))
      throw new StartError(NO_TYPES, { cause: error })
    if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') throw new StartError(NO_SYNTAX, { cause: error })
    throw new StartError(`${file} could not be loaded, because of this:\n${inspect(error)}`, { cause: error })
  }
}

const MODULE = /\.[cm]?[jt]sx?$/
// The file itself, or one that it imports.
const TYPESCRIPT = /Unknown file extension "\.[cm]?tsx?"/

const program = shown(join(import.meta.dirname, `main${extname(import.meta.filename)}`))
/** How TypeScript runs on any Node. By its path, because tsx and npx do not find a command of a package together. */
export const BY_TSX = `npx tsx ${/\s/.test(program) ? `"${program}"` : program} dev FILE`
const NO_TYPES = `Node ${process.version} does not run TypeScript by itself. Use Node 22.18 or later, or: ${BY_TSX}`
const NO_SYNTAX = `Node cannot strip all of the types in this file (enums and the like). Use: ${BY_TSX}`

const functionsOf = (module: object): ReadonlyMap<string, LambdaHandler> => {
  const inner: unknown = Reflect.get(module, 'default')
  // A CommonJS module arrives as the default export of an ES module.
  const all = typeof inner === 'object' && inner !== null ? { ...inner, ...module } : module
  return new Map(
    Object.entries(all).filter((entry): entry is [string, LambdaHandler] => typeof entry[1] === 'function'),
  )
}
