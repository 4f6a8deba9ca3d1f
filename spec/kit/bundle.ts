import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** A program for the browser: its files, and which of them are loaded at the start. */
export interface Bundle {
  /** By name. The entry is `main.js`, and imports the others from beside it. */
  readonly files: ReadonlyMap<string, string>
  /** The entry, and what it imports before it runs. */
  readonly atStart: readonly string[]
  /** Sources of the library that are in it, from `lib/`; and in the files that are loaded at the start. */
  readonly inputs: readonly string[]
  readonly inputsAtStart: readonly string[]
  /** KiB of what is loaded at the start, minified and gzipped: all together, as one file. */
  readonly startKiB: number
  /** The same, of everything that it can ever load. */
  readonly wholeKiB: number
}

/**
 * Bundle a program, for the browser: it may import nothing of Node, neither does anything that it imports, or it does not
 * build. The library comes from its sources.
 */
export const bundle = async (program: string, platform: 'browser' | 'node' = 'browser'): Promise<Bundle> => {
  const outdir = join(tmpdir(), 'ws-interlock-bundle')
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, sourcefile: PROGRAM, loader: 'ts' },
    bundle: true,
    minify: true,
    splitting: true,
    metafile: true,
    write: false,
    format: 'esm',
    platform,
    target: ['es2022'],
    conditions: ['ws-interlock:source'],
    entryNames: 'main',
    outdir,
    logLevel: 'silent',
    absWorkingDir: ROOT,
  })
  const names = outputFiles.map(({ path }) => relative(outdir, path))
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [path.split('/').at(-1), output]))
  const atStart = ['main.js']
  for (const name of atStart)
    for (const { kind, path } of outputs.get(name)?.imports ?? []) {
      const other = path.split('/').at(-1) ?? ''
      if (kind === 'import-statement' && !atStart.includes(other)) atStart.push(other)
    }
  const texts = new Map(outputFiles.map(({ text }, at) => [names[at] ?? '', text]))
  const inputsOf = (files: Iterable<string>) =>
    [...new Set([...files].flatMap((name) => Object.keys(outputs.get(name)?.inputs ?? {})))].filter(
      (path) => !path.endsWith(PROGRAM),
    )
  return {
    files: texts,
    atStart,
    inputs: inputsOf(names),
    inputsAtStart: inputsOf(atStart),
    startKiB: kiB(atStart.map((name) => texts.get(name) ?? '')),
    wholeKiB: kiB(texts.values()),
  }
}

const PROGRAM = 'the-program.ts'
const ROOT = resolve(import.meta.dirname, '../..')

const kiB = (texts: Iterable<string>) => gzipSync([...texts].join('\n'), { level: 9 }).length / 1024
