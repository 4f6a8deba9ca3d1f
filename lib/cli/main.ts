#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type DevOptions, dev, untilInterrupted } from './dev.ts'
import { BY_TSX, StartError, UsageError } from './load.ts'

const USAGE = `Usage: ws-interlock dev FILE [options]

Run the Lambda handler that FILE exports on a local API Gateway for WebSocket clients.

  --port NUMBER      port to listen on, 0 for any free one (3001)
  --host ADDRESS     address to listen on; any but loopback is open to your network (127.0.0.1)
  --stage NAME       name of the stage (dev)
  --page FILE.html   page to serve at / (the index.html beside FILE)
  --route-response   send returned bodies to the client, as a deployed route response does
  --export NAME      which export is the handler (handler, else default, else the only function)
  --query STRING     query of the line to paste, such as name=ann
  --quiet            do not print a line per event
  --help             print this
  --version          print the version

TypeScript runs as it is on Node 22.18 or later. On an older Node, or with enums and the like:
  ${BY_TSX} [options]`

/** Arguments in, exit code out. */
const main = async (args: readonly string[]): Promise<number> => {
  try {
    const { values, positionals } = read(args)
    if (values.help) console.log(USAGE)
    else if (values.version) console.log(version())
    else await untilInterrupted(await dev(devOptions(values, positionals)))
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${USAGE}`)
      return 2
    }
    // A port in use and the like: a stack would only hide what to do.
    console.error(error instanceof StartError ? error.message : error)
    return 1
  }
}

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  stage: { type: 'string' },
  page: { type: 'string' },
  'route-response': { type: 'boolean' },
  export: { type: 'string' },
  query: { type: 'string' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

const read = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    // Node adds advice on positional arguments that start with a dash; the first sentence is what matters.
    throw new UsageError(error instanceof Error ? error.message.replace(/(?<=\.) .*/s, '') : String(error))
  }
}

type Values = ReturnType<typeof read>['values']

const devOptions = (values: Values, [command, file, ...rest]: readonly string[]): DevOptions => {
  if (command === undefined) throw new UsageError('Say what to do: dev.')
  if (command !== 'dev') throw new UsageError(`There is no command '${command}'.`)
  if (file === undefined) throw new UsageError('Say which FILE exports the handler.')
  if (rest.length > 0) throw new UsageError(`One FILE is enough; '${rest.join(' ')}' is too much.`)
  const { port, host, stage, page, query, quiet, export: exportName, 'route-response': routeResponse } = values
  return {
    file,
    ...(port !== undefined && { port: portOf(port) }),
    ...(host !== undefined && { host: hostOf(host) }),
    ...(stage !== undefined && { stage: stageOf(stage) }),
    ...(page !== undefined && { page }),
    ...(query !== undefined && { query }),
    ...(quiet !== undefined && { quiet }),
    ...(exportName !== undefined && { exportName }),
    ...(routeResponse !== undefined && { routeResponse }),
  }
}

const portOf = (text: string) => {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new UsageError(`--port must be a number from 0 to 65535, not '${text}'.`)
}

const hostOf = (text: string) => {
  // The brackets belong to a URL, and are easily copied from one.
  const host = text.replace(/^\[(.*)\]$/, '$1')
  if (/^[\w.:%-]+$/.test(host)) return host
  throw new UsageError(`--host must be an address to listen on, such as 0.0.0.0, not '${text}'.`)
}

const stageOf = (text: string) => {
  if (/^[\w-]{1,128}$/.test(text)) return text
  throw new UsageError(`--stage must be 1 to 128 of letters, digits, '_' and '-', not '${text}'.`)
}

const version = (): string => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

// The handler's module may hold timers or clients open, which must not keep a closed gateway from ending.
process.exit(await main(process.argv.slice(2)))
