import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectEvent, disconnectEvent, messageEvent } from '../../lib/event/make.ts'
import { lambdaContext } from '../../lib/local/context.ts'
import { type Instances, type InstancesOptions, instances } from '../../lib/local/instances/instances.ts'

const open = new Set<Instances>()
const folders = new Set<string>()

/** For `suite.after.each`: neither a process nor a file stays. */
export const tidyUp = async () => {
  await Promise.all([...open].map(({ close }) => close()))
  open.clear()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  folders.clear()
}

/** A path where there is no file yet. */
export const newPath = () => {
  const folder = mkdtempSync(join(tmpdir(), 'instances-'))
  folders.add(folder)
  return join(folder, 'file')
}

/** Instances of a module of `handlers/`, what they were asked and what was said of them. */
export const pool = (name = 'orders', options: Partial<InstancesOptions> = {}) => {
  const notices: string[] = []
  const lines: string[] = []
  const looking = new Set<() => void>()
  const made = instances({
    module: new URL(`../local/handlers/${name}.ts`, import.meta.url),
    clock: CLOCK,
    lambdaTimeoutMs: 30_000,
    notice: (sentence) => notices.push(sentence),
    log: (line) => {
      lines.push(line)
      for (const look of looking) look()
    },
    ...options,
  })
  open.add(made)
  const invoke = (event: Parameters<Instances['invoke']>[0], context = contextNow()) => made.invoke(event, context)
  return {
    ...made,
    notices,
    lines,
    invoke,
    /** Resolves when a line is there, which comes by another way than an answer. */
    printed: (pattern: RegExp) =>
      new Promise<void>((resolve) => {
        const look = () => lines.some((line) => pattern.test(line)) && resolve()
        looking.add(look)
        look()
      }),
    /** A message, whose route is its action. */
    send: (action: string, order: object = {}, { connectionId = 'connection0000=', context = contextNow() } = {}) =>
      invoke(messageEvent({ connectionId, routeKey: action, body: { action, ...order } }), context),
    connect: (connectionId = 'connection0000=') => invoke(connectEvent({ connectionId })),
    disconnect: (connectionId = 'connection0000=') => invoke(disconnectEvent({ connectionId })),
  }
}

/** The same with one instance, which is there sooner. */
export const single = (name?: string, options: Partial<InstancesOptions> = {}) =>
  pool(name, { maxInstances: 1, ...options })

export const contextNow = () => lambdaContext(CLOCK, 30_000, Math.random)

/** Resolves when a process is no more. */
export const ended = async (pid: number) => {
  while (isThere(pid)) await new Promise((resolve) => setImmediate(resolve))
}

const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** What `orders.ts` answers with. */
export const valueIn = ({ returned }: { readonly returned: unknown }) => {
  const { body }: { readonly body?: unknown } = Object(returned)
  return JSON.parse(String(body))
}

const CLOCK = { now: Date.now, setTimeout, clearTimeout }
