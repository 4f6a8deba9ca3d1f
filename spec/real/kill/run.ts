import { spawn } from 'node:child_process'
import { once as event } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import type { Place } from '../stores.ts'
import type { Point } from './points.ts'

/** What a child process is told. */
export interface Task {
  readonly place: Place
  readonly point: Point
  readonly connectionId: string
  /** How long its function has to live, in milliseconds. */
  readonly lifeMs: number
  /** Its claims do not end with it. */
  readonly endless: boolean
}

/** What is known of a child that has ended. */
export interface Death {
  /** It reached its point, and the signal was its end. */
  readonly killed: boolean
  /** The handlers that it began. */
  readonly ran: readonly string[]
  /** What it told, line by line. */
  readonly lines: readonly string[]
}

/** Run one invocation in a process of its own. Resolves when that has ended. */
export const run = async (file: string, task: Task): Promise<Death> => {
  const child = spawn(process.execPath, [file, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // What measures the coverage of this process would slow down the other.
    env: {},
    // One that neither dies nor survives ends all the same, by another signal than its own.
    timeout: 30_000,
    killSignal: 'SIGTERM',
  })
  const [said, [, signal]] = await Promise.all([text(child.stdout), event(child, 'exit')])
  const lines = said.split('\n').filter(Boolean)
  return {
    killed: signal === 'SIGKILL' && lines.at(-1) === 'dies',
    ran: lines.flatMap((line) => (line.startsWith('runs ') ? [line.slice('runs '.length)] : [])),
    lines,
  }
}

/** The child as one file, so that it is there in a tenth of a second. */
export const bundle = async (): Promise<string> => {
  mkdirSync(FOLDER, { recursive: true })
  const outfile = join(FOLDER, 'kill-child.cjs')
  await build({
    entryPoints: [resolve(import.meta.dirname, 'child.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['ws-interlock:source'],
    external: ['@aws-sdk/*'],
    logLevel: 'error',
  })
  return outfile
}

const FOLDER = resolve(import.meta.dirname, '../../../.cache')
