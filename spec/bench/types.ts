import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

/** What one number of the type checker is, and what it may be at most. */
export interface TypeCost {
  readonly name: string
  readonly instantiations: number
  readonly limit: number
}

/**
 * Type instantiations of generated applications: how much work an editor has with an application of that size. The
 * numbers repeat exactly, so the limits leave room for new features and none for another order of growth.
 */
export const typeCosts = (): readonly TypeCost[] =>
  CASES.map(({ name, limit, source }) => ({ name, limit, instantiations: instantiationsOf(source) }))

const ROOT = resolve(import.meta.dirname, '../..')
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const COUNT = 200
const each = (write: (index: number) => string, count = COUNT) => Array.from({ length: count }, (_, i) => write(i))

// The types alone, as a consumer has them: not the sources behind them.
const imports = (dir: string) =>
  [
    "import * as v from 'valibot'",
    "import { setup } from 'xstate'",
    `import type { AppLike } from '${dir}/lib/types/app.ts'`,
    `import type { Builder } from '${dir}/lib/types/builder.ts'`,
    `import type { Client } from '${dir}/lib/types/client.ts'`,
    `import type { NoDeclarations } from '${dir}/lib/types/declarations.ts'`,
    `import type { Store } from '${dir}/lib/store/store.ts'`,
    'declare const ws: () => Builder<NoDeclarations>',
    'declare const connect: <A extends AppLike>(url: string) => Client<A>',
    'declare const store: Store',
  ].join('\n')

const routes = each(
  (i) =>
    `  .on('route${i}', v.object({ id: v.string(), n: v.number() }), async ({ data }) => ({ ok: data.n + ${i}, id: data.id }))`,
)
const client = [
  "const client = connect<typeof app>('wss://localhost')",
  ...each(
    (i) => `export const r${i} = client.send('route${i * 10}', { id: 'a', n: 1 }).then((x) => x.ok + x.id.length)`,
    20,
  ),
]
const events = each((i) => `  | { type: 'route${i}'; id: string; n: number }`).join('\n')
const machine = (type: string) => [
  `const machine = setup({ types: { events: {} as ${type} } }).createMachine({ initial: 'a', states: { a: {} } })`,
  'const app = ws().store(store).protocol(machine)',
]

const CASES: readonly { readonly name: string; readonly limit: number; readonly source: readonly string[] }[] = [
  { name: `${COUNT} routes`, limit: 300_000, source: ['const app = ws()', ...routes, '  .build()', ...client] },
  {
    name: `${COUNT} routes, a machine of ${COUNT} events`,
    limit: 450_000,
    source: [`type Events =\n${events}`, ...machine('Events'), ...routes, '  .build()', ...client],
  },
  {
    name: `${COUNT} routes, a machine of ${COUNT} events in a union without a name`,
    limit: 870_000,
    source: [...machine(`\n${events}\n`), ...routes, '  .build()', ...client],
  },
]

const instantiationsOf = (source: readonly string[]) => {
  // Inside of the repository, so that the packages are found.
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  const dir = mkdtempSync(join(ROOT, '.cache/types-'))
  try {
    const up = relative(dir, ROOT)
    writeFileSync(join(dir, 'app.ts'), [imports(up), ...source].join('\n'))
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ extends: `${up}/tsconfig.json`, include: ['app.ts'] }))
    const { stdout, status } = spawnSync(
      process.execPath,
      [TSC, '-p', dir, '--extendedDiagnostics', '--singleThreaded'],
      {
        encoding: 'utf8',
      },
    )
    const count = /Instantiations:\s+(\d+)/.exec(stdout)?.[1]
    if (status !== 0 || count === undefined) throw new Error(`The generated application does not compile:\n${stdout}`)
    return Number(count)
  } finally {
    rmSync(dir, { recursive: true })
  }
}
