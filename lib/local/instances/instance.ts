import type { ChildProcess } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { exited } from './errors.ts'
import { type Answered, type Call, revive, type Said } from './messages.ts'
import { type ProcessOptions, startProcess } from './process.ts'

/** One process that runs one invocation at a time, and stands still between them. */
export interface Instance {
  /** Counted from 1 in its pool. */
  readonly number: number
  readonly pid: number | undefined
  /** Rejects where the module cannot be loaded. */
  readonly loaded: Promise<{ readonly keepsInMemory: boolean }>
  /** Rejects with what the handler threw, or with how the instance died. */
  readonly run: (call: Call) => Promise<Answered>
  /** Kill it. What it runs rejects with the error. */
  readonly kill: (why: Error) => void
  /** Let it end, as one that stands still does at once. */
  readonly end: () => void
  /** Resolves when the process is no more. */
  readonly gone: Promise<void>
  readonly isAlive: () => boolean
}

export const startInstance = (number: number, options: ProcessOptions): Instance => {
  const child = startProcess(options)
  // The fourth that startProcess asks for.
  const line = child.stdio[3] as Duplex
  let why: Error | undefined
  let isAlive = true
  let waiting: { readonly resolve: (said: Said) => void; readonly reject: (error: Error) => void } | undefined

  const next = () =>
    new Promise<Said>((resolve, reject) => {
      if (!isAlive) return reject(why)
      waiting = { resolve, reject }
    })
  onLine(line, (said) => {
    // What is said last, of an instance that then ends by itself.
    if (said.kind === 'died' || said.kind === 'unloadable') why = revive(said.error)
    else waiting?.resolve(said)
  })
  const gone = endOf(child, line).then((how) => {
    isAlive = false
    why ??= how
    waiting?.reject(why)
  })
  const loaded = next().then((said) => ({ keepsInMemory: said.kind === 'loaded' && said.keepsInMemory }))
  // There may be nobody who waits.
  loaded.catch(() => {})

  return {
    number,
    pid: child.pid,
    loaded,
    gone,
    isAlive: () => isAlive && why === undefined && child.exitCode === null && child.signalCode === null,
    run: async (call) => {
      const answer = next()
      line.write(`${JSON.stringify(call)}\n`)
      const said = await answer
      if (said.kind === 'answered') return said
      throw said.kind === 'threw' ? revive(said.error) : new Error(`An instance said '${said.kind}' in an invocation.`)
    },
    kill: (reason) => {
      why ??= reason
      child.kill('SIGKILL')
    },
    end: () => {
      line.end()
    },
  }
}

/** The process has ended, and all that it said is heard. */
const endOf = (child: ChildProcess, line: Duplex): Promise<Error> =>
  new Promise((resolve) => {
    const silent = new Promise<void>((heard) => line.once('close', heard))
    child.once('exit', (code, signal) => silent.then(() => resolve(exited(code, signal))))
    // Where it could not be started there is no exit.
    child.once('error', resolve)
  })

const onLine = (line: Duplex, hear: (said: Said) => void) => {
  let rest = ''
  line.setEncoding('utf8')
  line.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const each of lines) hear(JSON.parse(each))
  })
  // It may have died before it was asked.
  line.on('error', () => {})
}
