import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type BuildOptions, build, context, type Message, type Plugin } from 'esbuild'

export interface BuildPageOptions {
  /** Build it again when a file of it changes, as long as the process runs. @default false */
  readonly watch?: boolean
  /** Where it is said that it could not be built. @default console.error */
  readonly log?: (text: string) => void
}

/**
 * Build the page of an example, which is in the folder: its index.html with its page.ts in it, and all that this imports,
 * as one file. Returns the path of that file; `undefined` where there is no page.ts. What cannot be built is a sentence in
 * the log, and on the page.
 */
export const buildPage = async (
  folder: string,
  { watch = false, log = console.error }: BuildPageOptions = {},
): Promise<string | undefined> => {
  const script = resolve(folder, 'page.ts')
  const html = resolve(folder, 'index.html')
  if (!existsSync(script)) return undefined
  const page = join(BUILT, `${basename(folder)}.html`)
  await new Promise<void>((built, failed) => {
    const end = async (code: string, error: Message | undefined) => {
      const sentence = error && sentenceOf(folder, error)
      if (sentence) log(sentence)
      await replace(page, withScript(await readFile(html, 'utf8'), sentence ? sayIt(sentence) : code))
    }
    const plugin: Plugin = {
      name: 'page',
      setup: ({ onEnd, onLoad }) => {
        // The html belongs to it, for those who watch.
        onLoad({ filter: /[\\/]page\.ts$/ }, async ({ path }) =>
          path === script ? { contents: await readFile(path, 'utf8'), loader: 'ts', watchFiles: [html] } : undefined,
        )
        onEnd(({ outputFiles, errors }) => end(outputFiles?.[0]?.text ?? '', errors[0]).then(built, failed))
      },
    }
    const options = { ...HOW, entryPoints: [script], plugins: [plugin] }
    // A build that fails has an end too, which comes first.
    if (watch) context(options).then((work) => work.watch(), failed)
    else build(options).catch(failed)
  })
  return page
}

const BUILT = join(import.meta.dirname, '..', '.cache', 'pages')

const HOW: BuildOptions = {
  bundle: true,
  write: false,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  // The library comes from its sources, and what it needs as modules, of which only the used parts are taken.
  conditions: ['ws-interlock:source', 'module'],
  legalComments: 'none',
  logLevel: 'silent',
}

/** In one go: it may be read at this moment, and be built by two processes. */
const replace = async (file: string, text: string) => {
  const next = `${file}.${process.pid}`
  await mkdir(dirname(file), { recursive: true })
  await writeFile(next, text)
  await rename(next, file)
}

/** A script in the page needs no other file, so the page may forbid all others. */
const withScript = (html: string, script: string) =>
  html.replace('</html>', () => `<script>\n${script.replace(/<(\/script|!--)/gi, '\\x3c$1')}</script>\n</html>`)

const sentenceOf = (folder: string, { text, location }: Message) => {
  const place = location ? ` (${location.file}, line ${location.line})` : ''
  return `The page of ${folder} cannot be built: ${text}${place}.`
}

const sayIt = (sentence: string) => `document.querySelector('main').textContent = ${JSON.stringify(sentence)}\n`
