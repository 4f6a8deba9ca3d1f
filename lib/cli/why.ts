import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { StartError } from './error.ts'
import { shown } from './file.ts'
import { stackOf, tidy } from './stack.ts'

/** Why a file could not be loaded, as a sentence with the place of the fault, and without the stack of the loader. */
export const whyNot = async (error: unknown, file: string, reached: Iterable<string>): Promise<StartError> => {
  const because = (text: string) => new StartError(`${shown(file)} could not be loaded: ${text}`, { cause: error })
  const code = codeOf(error)
  if (!(error instanceof Error)) return because(stackOf(error))
  if (isUnread(error)) return new StartError(NO_TYPES, { cause: error })
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return because(`${placed(error) ?? error.message}\n${NO_SYNTAX}`)
  if (code !== undefined && /MODULE_NOT_FOUND|^ERR_PACKAGE_|^ERR_UNSUPPORTED_DIR_IMPORT/.test(code))
    return because(missing(error))
  const place = transformed(error) ?? placed(error) ?? (error instanceof SyntaxError ? parsed(reached) : undefined)
  return place === undefined ? because(`it threw.\n${stackOf(error)}`) : because(place)
}

/** Whether the file has what this Node cannot read, and tsx can. */
export const needsTsx = (error: unknown): boolean =>
  isUnread(error) || codeOf(error) === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'

const codeOf = (error: unknown): string | undefined => {
  const { code }: { readonly code?: unknown } = Object(error)
  return typeof code === 'string' ? code : undefined
}

// The file itself, or one that it imports.
const isUnread = (error: unknown) =>
  codeOf(error) === 'ERR_UNKNOWN_FILE_EXTENSION' && /Unknown file extension "\.(?:[cm]?ts|[jt]sx)"/.test(String(error))

const INSTALL = 'install tsx beside it, which is then used by itself: npm i -D tsx'
const NO_TYPES = `Node ${process.version} does not run TypeScript by itself. Use Node 22.18 or later, or ${INSTALL}`
const NO_SYNTAX = `Node only strips types, and this is more than types. To have it run, ${INSTALL}`

/** What esbuild says, which reads the files for tsx: `/a/server.ts:3:12: ERROR: Unexpected ";"`. */
const transformed = ({ name, message }: Error) => {
  if (name !== 'TransformError') return undefined
  const found = [...message.matchAll(/^(.+?):(\d+):(\d+): ERROR: (.*)$/gm)]
  const lines = found.map(
    ([, file = '', line, column, text]) => `${shown(file)}:${line}:${Number(column) + 1}: ${text}`,
  )
  return lines.length > 0 ? lines.join('\n') : undefined
}

/** What Node writes above a stack: the place, the line of code, and a mark below what is wrong. */
const placed = ({ stack = '', message }: Error) => {
  const [, file = '', line, code = ''] =
    /^(\S.*):(\d+)\n((?:(?!\w*Error\b).*\n){2,}?)\s*\w*Error\b/.exec(tidy(stack)) ?? []
  if (line === undefined) return undefined
  const column = /^( *)\^/m.exec(code)?.[1]?.length
  return `${shown(file)}:${line}${column === undefined ? '' : `:${column + 1}`}: ${message}\n${code.trimEnd()}`
}

const missing = ({ message }: Error) =>
  `${tidy(message)
    .replace(/\nRequire stack:\n- (.*)[\s\S]*/, ' imported from $1')
    .replace(/(?:'|from )(\/[^'\n]+|[A-Z]:\\[^'\n]+)/g, (all, path) => all.replace(path, shown(path)))}.`

/** The parser's error has no place, where the file is an ES module: so the files are checked, the latest first. */
const parsed = (reached: Iterable<string>) => {
  const files = [...reached].filter((file) => /\.[cm]?js$/.test(file)).sort((a, b) => changedAt(b) - changedAt(a))
  for (const file of files.slice(0, MAX_CHECKED)) {
    const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
    const [, message = ''] = /^SyntaxError: (.*)$/m.exec(stderr) ?? []
    if (status !== 0) return placed({ name: 'SyntaxError', message, stack: stderr })
  }
  return undefined
}

const changedAt = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Each takes a process. */
const MAX_CHECKED = 20
