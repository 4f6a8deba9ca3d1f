import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { median } from './measure.ts'

/** What a user writes, as small as it can be: what is left in the bundle is the library. */
const APPS = {
  'router only': `
    import { accept, ws } from 'ws-interlock'
    export const handler = ws().onConnect(() => accept()).on('echo', ({ connection }) => connection.id).build()`,
  'protocol, memory store and gateway': `
    import { accept, ws } from 'ws-interlock'
    import { memory } from 'ws-interlock/store/memory'
    export const handlerOf = (machine) => ws().store(memory()).protocol(machine).onConnect(() => accept()).on('a', () => {}).build()`,
  nothing: 'export const handler = 1',
} as const

export type AppName = keyof typeof APPS

/** Kilobytes of the minified and gzipped bundle. */
export const gzippedKiB = async (app: AppName): Promise<number> => gzipSync(await bundle(app), { level: 9 }).length / 1024

/** Milliseconds that importing the bundle takes over importing an empty one: the median of fresh processes. */
export const importMs = async (app: AppName, rounds = 21): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const files = await Promise.all(
    [app, 'nothing' as const].map(async (name, index) => {
      const file = join(folder, `${index}.mjs`)
      writeFileSync(file, await bundle(name))
      return file
    }),
  )
  const over = Array.from({ length: rounds }, () => {
    const [own = 0, empty = 0] = files.map(importOf)
    return own - empty
  })
  return median(over)
}

const importOf = (file: string): number => {
  const code = `const t = performance.now(); await import(${JSON.stringify(file)}); console.log(performance.now() - t)`
  return Number(spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stdout)
}

const bundle = async (app: AppName): Promise<Uint8Array> => {
  const { outputFiles } = await build({
    stdin: { contents: APPS[app], resolveDir: import.meta.dirname, loader: 'js' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['ws-interlock:source'],
  })
  return outputFiles[0]?.contents ?? new Uint8Array()
}
