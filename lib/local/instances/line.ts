import { readSync, writeSync } from 'node:fs'
import type { Call, Said } from './messages.ts'

/** The line to whoever started this instance: a pipe, which is there beside the three that every process has. */
export const LINE = 3

/** Stand still until there is something to do. When nobody is left who could ask for anything the process ends. */
export const hear = (): Call => {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    const read = readSync(LINE, chunk)
    if (read === 0) process.exit(0)
    chunks.push(chunk.subarray(0, read))
    if (chunk[read - 1] === LINE_FEED) return JSON.parse(Buffer.concat(chunks).toString())
  }
}

export const say = (said: Said): void => {
  const bytes = Buffer.from(`${JSON.stringify(said)}\n`)
  for (let at = 0; at < bytes.length; ) at += writeSync(LINE, bytes, at)
}

/** End with the process that started this one, also in the middle of an invocation. */
export const endWithParent = (): void => {
  process.stdin.on('end', () => process.exit(0)).resume()
  // It must not keep a process alive that has nothing else to wait for. A pipe is a socket, which the types do not say.
  Object(process.stdin).unref()
  // Ctrl-C in a terminal reaches all of a group. Whoever started this one still has farewells to deliver.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
}

const CHUNK_BYTES = 65_536
const LINE_FEED = 10
