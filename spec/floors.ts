import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

/** Lowest first. A file imports from its own folder and from lower floors only. */
const FLOORS = [
  ['errors', 'mistakes'],
  ['schema'],
  ['wire'],
  ['aws', 'event'],
  ['store', 'gateway'],
  ['protocol', 'channel'],
  ['types'],
  ['context'],
  ['flow'],
  ['state'],
  ['publish'],
  ['task'],
  ['compile'],
  ['app'],
  ['index'],
  ['client', 'guard', 'interop', 'deadlines', 'fanout', 'worker'],
  ['local', 'describe', 'conformance'],
  ['testing'],
  ['cli'],
]
/** What only one place may import at run time. */
const KEPT: readonly (readonly [pattern: RegExp, only: RegExp])[] = [
  [/^xstate$/, /^protocol\//],
  [/^ws$/, /^(local|client)\//],
  [/^@aws-sdk\/client-sqs$/, /^(deadlines|fanout|publish|task)\//],
  [/^@aws-sdk\/client-(eventbridge|sns)$/, /^publish\//],
  [/^node:http$/, /^(local|cli)\//],
]
const IMPORT = /(?:^|\n)\s*(?:import|export)(\s+type)?\b[^'"\n;]*?(?:\n[^'";]*?)?from\s+['"]([^'"]+)['"]/g

const folderOf = (path: string) => (path.split(sep)[0] ?? path).replace(/\.ts$/, '')
const floorOf = (path: string) => FLOORS.findIndex((names) => names.includes(folderOf(path)))

/** Every import below `root` that points up or sideways, or that another place keeps to itself, as a sentence. */
export const trespasses = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(IMPORT)].flatMap(([, type, target = '']) =>
        target.startsWith('.')
          ? climbs(file, relative(root, resolve(root, dirname(file), target)))
          : type
            ? []
            : strays(file, target),
      ),
    )

const climbs = (file: string, other: string) => {
  if (floorOf(file) < 0) return [`${file} has no floor`]
  const allowed = folderOf(other) === folderOf(file) || floorOf(other) < floorOf(file)
  return allowed ? [] : [`${file} (floor ${floorOf(file)}) imports ${other} (floor ${floorOf(other)})`]
}

const strays = (file: string, target: string) =>
  KEPT.filter(([pattern, only]) => pattern.test(target) && !only.test(file)).map(
    ([, only]) => `${file} imports '${target}' at run time, which belongs to ${only.source}`,
  )

if (process.argv[1] === import.meta.filename) {
  const found = trespasses(resolve(import.meta.dirname, '../lib'))
  for (const sentence of found) console.error(sentence)
  process.exitCode = found.length > 0 ? 1 : 0
}
