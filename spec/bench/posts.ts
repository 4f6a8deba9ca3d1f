import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { median } from './measure.ts'
import type { Round, Way } from './post.ts'

const ROOT = resolve(import.meta.dirname, '../..')

export interface Posts extends Round {
  readonly name: string
  /** Posts per second of CPU, over those of the SDK: the median of the rounds. */
  readonly overSdk: number
  /** The same over a bare undici. */
  readonly overUndici: number
}

/** Posts of 500 B, fifty at a time: by ours, the AWS SDK's client and a bare undici, each in a process of its own, in turns. */
export const postRates = async ({ rounds = 5, count = 10_000 } = {}): Promise<readonly Posts[]> => {
  const file = await bundle()
  const server = fork(file, 'serve')
  const endpoint = await heard<string>(server)
  const clients = WAYS.map((way) => fork(file, way, endpoint))
  try {
    await Promise.all(clients.map((client) => heard(client)))
    const all = WAYS.map((): Round[] => [])
    for (let turn = -1; turn < rounds; turn++)
      for (const [index, client] of clients.entries()) {
        const round = await asked<Round>(client, { count: turn < 0 ? 3_000 : count })
        if (turn >= 0) all[index]?.push(round)
      }
    const [, sdk = [], undici = []] = all
    return WAYS.map((way, index) => {
      const own = all[index] ?? []
      const over = (others: readonly Round[]) =>
        median(own.map(({ cpuPerPost }, turn) => (others[turn]?.cpuPerPost ?? Number.NaN) / cpuPerPost))
      return {
        name: NAMES[way],
        perSecond: median(own.map(({ perSecond }) => perSecond)),
        cpuPerPost: median(own.map(({ cpuPerPost }) => cpuPerPost)),
        overSdk: over(sdk),
        overUndici: over(undici),
      }
    })
  } finally {
    for (const child of [...clients, server]) child.kill('SIGKILL')
  }
}

/** Bytes that a broadcast to so many takes: at most while it goes on, and of the heap when it is over. */
export const postMemory = async (count = 100_000): Promise<{ readonly peak: number; readonly after: number }> => {
  const file = await bundle()
  const server = fork(file, 'serve')
  const client = fork(file, 'memory', await heard<string>(server))
  try {
    await heard(client)
    return await asked(client, { count })
  } finally {
    for (const child of [client, server]) child.kill('SIGKILL')
  }
}

const WAYS = ['ours', 'sdk', 'undici'] as const satisfies readonly Way[]

const NAMES: Readonly<Record<Way, string>> = { ours: 'ours', sdk: 'the AWS SDK', undici: 'undici, unsigned' }

const MAIN = `import { broadcastMemory, poster, serve } from './post.ts'
const [, , role, endpoint] = process.argv
if (role === 'serve') process.send(await serve())
else {
  const run = role === 'memory' ? (count) => broadcastMemory(endpoint, count) : poster(role, endpoint)
  process.on('message', async ({ count }) => process.send(await run(count)))
  process.send('ready')
}`

const bundle = async (): Promise<string> => {
  const outfile = join(ROOT, '.cache/bench-posts.mjs')
  await build({
    stdin: { contents: MAIN, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['ws-interlock:source'],
    external: ['@aws-sdk/*', 'xstate', 'valibot'],
    outfile,
  })
  return outfile
}

const fork = (file: string, ...args: string[]): ChildProcess =>
  spawn(process.execPath, ['--expose-gc', file, ...args], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })

const heard = async <Answer>(child: ChildProcess): Promise<Answer> => (await once(child, 'message'))[0]

const asked = <Answer>(child: ChildProcess, question: object): Promise<Answer> => {
  const answer = heard<Answer>(child)
  child.send(question)
  return answer
}

if (process.argv[1] === import.meta.filename) {
  console.table(await postRates())
  console.log(await postMemory())
}
