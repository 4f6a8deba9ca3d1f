import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

const ROOT = resolve(import.meta.dirname, '../..')

/** Each part in a process of its own, from a bundle: servers, and the client that speaks to them. */
const bundle = async (name: string, contents: string): Promise<string> => {
  const outfile = join(ROOT, `.cache/${name}.mjs`)
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['ws-interlock:source'],
    external: ['ws'],
    outfile,
  })
  return outfile
}

const SERVER = `import { serve } from './echo.ts'
const url = await serve(process.argv[2])
process.send(url)
process.on('message', () => {
  for (let count = 0; count < 5; count++) globalThis.gc()
  const { rss, heapUsed, external } = process.memoryUsage()
  process.send({ rss, used: heapUsed + external })
})`

const CLIENT = `import { echoes, idlers } from './echo.ts'
process.on('message', async ({ urls, count }) => {
  process.send(count ? (await idlers(urls[0], count), true) : await echoes(urls))
})`

const fork = (file: string, ...args: string[]): ChildProcess =>
  spawn(process.execPath, ['--expose-gc', file, ...args], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })

const heard = async <Answer>(child: ChildProcess): Promise<Answer> => (await once(child, 'message'))[0]

const asked = <Answer>(child: ChildProcess, question: object): Promise<Answer> => {
  const answer = heard<Answer>(child)
  child.send(question)
  return answer
}

export interface EchoRates {
  readonly bare: number
  readonly ours: number
  readonly ratio: number
}

/** Messages per second through the local gateway, and through bare `ws`. */
export const echoRates = async (): Promise<EchoRates> => {
  const [server, client] = [await bundle('bench-server', SERVER), await bundle('bench-client', CLIENT)]
  const servers = [fork(server, 'bare'), fork(server, 'gateway')]
  const peer = fork(client)
  try {
    const urls = await Promise.all(servers.map((each) => heard<string>(each)))
    return await asked<EchoRates>(peer, { urls })
  } finally {
    for (const child of [...servers, peer]) child.kill('SIGKILL')
  }
}

/** Bytes of memory that an idle connection takes of the server's process: resident, and on its heap. */
export const idleBytes = async (kind: 'bare' | 'gateway', count: number): Promise<{ rss: number; used: number }> => {
  const [server, client] = [await bundle('bench-server', SERVER), await bundle('bench-client', CLIENT)]
  const host = fork(server, kind)
  const peer = fork(client)
  try {
    const url = await heard<string>(host)
    // The first ones pay for code that is compiled once.
    await asked(peer, { urls: [url], count: 200 })
    const before = await asked<{ rss: number; used: number }>(host, {})
    await asked(peer, { urls: [url], count })
    const after = await asked<{ rss: number; used: number }>(host, {})
    return { rss: (after.rss - before.rss) / count, used: (after.used - before.used) / count }
  } finally {
    host.kill('SIGKILL')
    peer.kill('SIGKILL')
  }
}
