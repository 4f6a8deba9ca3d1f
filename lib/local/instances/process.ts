import { type ChildProcess, spawn } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface ProcessOptions {
  /** URL of the module. */
  readonly module: string
  readonly exportName: string | undefined
  /** Beside the environment of this process, and over it. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** What an instance prints, line by line. Without it the instance prints where this process does. */
  readonly log: ((line: string) => void) | undefined
}

/** Start Node on what an instance runs, with what this process was started with: so TypeScript is read as it is here. */
export const startProcess = ({ module, exportName, env, log }: ProcessOptions): ChildProcess => {
  const entry = fileURLToPath(new URL(`./child${extname(import.meta.filename)}`, import.meta.url))
  const output = log ? 'pipe' : 'inherit'
  const child = spawn(
    process.execPath,
    [...keptArguments(process.execArgv), entry, module, ...(exportName === undefined ? [] : [exportName])],
    // The first tells by its end that this process is gone, the last is the line of line.ts.
    { stdio: ['pipe', output, output, 'pipe'], env: { ...process.env, ...LAMBDA, ...env }, windowsHide: true },
  )
  for (const stream of [child.stdout, child.stderr]) if (stream && log) byLine(stream, log)
  // Whoever writes to a process that has just died learns of it by its end.
  child.stdin?.on('error', () => {})
  return child
}

/** By these a library knows that it runs on Lambda. */
const LAMBDA = {
  AWS_LAMBDA_FUNCTION_NAME: 'local',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
}

/** Of the arguments of Node those that hold for any file. A debugger's port is taken, and code of its own is not ours. */
const keptArguments = (given: readonly string[]) =>
  given.filter((argument, index) => !isOfThisProcess(argument) && !CODE.test(given[index - 1] ?? ''))

const isOfThisProcess = (argument: string) =>
  CODE.test(argument) || /^(?:--(?:inspect|debug|watch|test|check|interactive|input-type)|-[ci]$)/.test(argument)
/** The code follows as an argument of its own. */
const CODE = /^(?:-[ep]|-pe|--eval|--print)$/

const byLine = (stream: NodeJS.ReadableStream, log: (line: string) => void) => {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) log(line)
  })
  stream.on('end', () => rest && log(rest))
}
