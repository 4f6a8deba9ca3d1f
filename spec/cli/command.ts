import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { connect } from '../kit/local.ts'

export const ROOT = resolve(import.meta.dirname, '../..')
/** How the sources run as they are on any supported Node. */
export const TSX = ['--import', 'tsx', '--conditions=ws-interlock:source', 'lib/cli/main.ts']

/** No spec takes that long; one that waits in vain is to say for what. */
const PATIENCE_MS = 20_000

const running = new Set<ChildProcess>()
const folders = new Set<string>()

/** For `suite.after.each`: nothing that a spec has started or written stays. */
export const tidyUp = () => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  folders.clear()
}

export interface CommandOptions {
  readonly node?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly stdio?: StdioOptions
}

/** The command, what it has printed so far, and ways to wait for more. */
export const command = (
  args: readonly string[],
  { node = TSX, env: more = {}, stdio = 'pipe' }: CommandOptions = {},
) => {
  const { AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID, NO_COLOR, FORCE_COLOR, ...env } = process.env
  const child = spawn(process.execPath, [...node, ...args], {
    cwd: ROOT,
    env: { ...env, HOME: join(ROOT, 'spec'), NODE_NO_WARNINGS: '1', ...more },
    stdio,
  })
  running.add(child)
  const output = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of waiting) look()
  }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      wake()
    })
  let isOver = false
  const ended = once(child, 'close').then(([code]) => {
    isOver = true
    wake()
    return { ...output, code }
  })
  /** What was printed, once it is there. Each text is found once: the next look begins after it. */
  const taken = { stdout: 0, stderr: 0 }
  const printed = (name: 'stdout' | 'stderr', pattern: RegExp) =>
    new Promise<string>((found, failed) => {
      const fail = (why: string) => failed(new Error(`${pattern} ${why}: ${output.stdout}${output.stderr}`))
      const timer = setTimeout(() => fail(`was not printed within ${PATIENCE_MS} ms`), PATIENCE_MS)
      const look = () => {
        const match = pattern.exec(output[name].slice(taken[name]))
        if (!match && !isOver) return
        clearTimeout(timer)
        waiting.delete(look)
        if (!match) return fail('was never printed')
        taken[name] += match.index + match[0].length
        found(match[1] ?? match[0])
      }
      waiting.add(look)
      look()
    })
  let place: Promise<string> | undefined
  const url = () => {
    place ??= printed('stdout', /WebSocket {2}(ws:\S+)/)
    return place
  }
  return { child, ended, printed, output, url }
}

/** A folder with files that a spec writes, and writes again. Inside of the package, so that they can import it. */
export const project = (files: Readonly<Record<string, string>>, parent = join(ROOT, '.cache/spec')) => {
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'cli-'))
  folders.add(folder)
  const at = (name: string) => join(folder, name)
  const save = (name: string, text: string) => {
    mkdirSync(dirname(at(name)), { recursive: true })
    writeFileSync(at(name), text)
  }
  for (const [name, text] of Object.entries(files)) save(name, text)
  return { folder, at, save, shown: (name: string) => relative(ROOT, at(name)) }
}

/** The dev server on a file, on any free port. */
export const dev = (path: string, args: readonly string[] = [], options?: CommandOptions) =>
  command(['dev', path, '--port', '0', ...args], options)

/** A handler that answers with a text. */
export const says = (text: string) => `export const handler = async () => ({ statusCode: 200, body: '${text}' })\n`

/** A client of a plain handler, which asks what it says. */
const asking = async (url: string) => {
  const client = await connect(url)
  return {
    client,
    ask: (body: string = 'x') => {
      client.send(body)
      return client.next()
    },
  }
}

/** A dev server on plain handlers, and a client of it. */
export const plain = async (files: Readonly<Record<string, string>>, name: string, args: readonly string[] = []) => {
  const files_ = project(files)
  const server = dev(files_.at(name), ['--route-response', ...args])
  const one = await asking(await server.url())
  return { ...files_, server, ...one }
}

export const reloaded = /Reloaded (.*)\n/
