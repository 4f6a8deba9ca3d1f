import { readFileSync } from 'node:fs'
import { dev } from './dev.ts'
import { StartError, UsageError } from './error.ts'
import { readArguments, SHORT_USAGE, USAGE } from './options.ts'
import { untilInterrupted } from './stop.ts'

/** Arguments in, exit code out: 2 for a wrong call, 1 where something is in the way. */
export const run = async (args: readonly string[]): Promise<number> => {
  try {
    const asked = readArguments(args)
    if (asked.wish === 'dev') await untilInterrupted(dev(asked.options))
    else console.log(asked.wish === 'help' ? USAGE : version())
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n${SHORT_USAGE}`)
      return 2
    }
    // A port in use and the like: a stack would only hide what to do.
    console.error(error instanceof StartError ? error.message : error)
    return 1
  }
}

const version = (): string => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
