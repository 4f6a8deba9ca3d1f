import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'
import { median } from './measure.ts'

/** What a user writes, as small as it can be: what is left in the bundle is the library. */
const APPS = {
  'router only': `
    import { accept, ws } from 'ws-interlock'
    export const handler = ws().onConnect(() => accept()).on('echo', ({ connection }) => connection.id).build()`,
  'protocol and memory store': `
    import { accept, ws } from 'ws-interlock'
    import { memory } from 'ws-interlock/store/memory'
    export const handlerOf = (machine) => ws().store(memory()).protocol(machine).onConnect(() => accept()).on('a', () => {}).build()`,
  nothing: 'export const handler = 1',
} as const

export type AppName = keyof typeof APPS

/** Kilobytes of the minified and gzipped bundle: one file, with everything that it can ever load. */
export const gzippedKiB = async (app: AppName): Promise<number> => gzipped(await bundle(app))

/** The same, of what is loaded when the module is: what it loads later has files of its own. */
export const loadedKiB = async (app: AppName): Promise<number> => {
  const { outputFiles, metafile } = await build({
    ...SETTINGS,
    stdin: stdinOf(app),
    write: false,
    splitting: true,
    outdir: tmpdir(),
    metafile: true,
  })
  const paths = Object.keys(metafile.outputs)
  // The entry and what it imports statically: code that it shares with what is loaded later has files of its own.
  const loaded = paths.filter((path) => metafile.outputs[path]?.entryPoint === '<stdin>')
  for (const path of loaded)
    for (const { kind, path: other, external } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && !external && !loaded.includes(other)) loaded.push(other)
  return gzipped(Buffer.concat(loaded.map((path) => outputFiles[paths.indexOf(path)]?.contents ?? new Uint8Array())))
}

const gzipped = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).length / 1024

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
  const { outputFiles } = await build({ ...SETTINGS, stdin: stdinOf(app), write: false })
  return outputFiles[0]?.contents ?? new Uint8Array()
}

const stdinOf = (app: AppName) => ({ contents: APPS[app], resolveDir: import.meta.dirname, loader: 'js' as const })

const SETTINGS: BuildOptions = {
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['ws-interlock:source'],
}
