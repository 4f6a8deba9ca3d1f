import { fileURLToPath } from 'node:url'
import { insideOf } from '../inside.ts'
import type { LambdaHandler } from '../invoke.ts'
import { inProcess } from '../runner.ts'
import { isReadable, readByTsx } from '../typescript.ts'
import { unhandled, unsettled } from './errors.ts'
import { exportedHandler } from './exported.ts'
import { floating } from './floating.ts'
import { callbackWatched, contextOf, whenIdle } from './handling.ts'
import { endWithParent, hear, say } from './line.ts'
import { type Call, type DescribedError, describe } from './messages.ts'

/**
 * The life of an instance, as on Lambda: load the module, then one invocation after the other. While it waits for the
 * next one its thread stands still, and with it all that floats: timers, sockets, promises.
 */
const live = async (url: string, name: string | undefined): Promise<void> => {
  const handler = await load(url, name)
  const answer = answering(handler)
  say({ kind: 'loaded', keepsInMemory: insideOf(handler)?.ports?.warnOnLambda !== undefined })
  for (;;) await answer(hear())
}

const load = async (url: string, name: string | undefined): Promise<LambdaHandler> => {
  const file = fileURLToPath(url)
  const exports = await imported(url, file).catch((error) => {
    const { message, stack, ...rest } = describe(error)
    const sentence = `${file} could not be loaded: ${message}`
    return refuse({ ...rest, message: sentence, stack: stack?.replace(message, () => sentence) })
  })
  try {
    return exportedHandler(exports, file, name)
  } catch (error) {
    return refuse(describe(error))
  }
}

const refuse = (error: DescribedError): never => {
  say({ kind: 'unloadable', error })
  return process.exit(1)
}

const imported = async (url: string, file: string): Promise<object> => {
  if (!isReadable(file)) await readByTsx(file)
  try {
    return await import(url)
  } catch (error) {
    const { code }: { readonly code?: unknown } = Object(error)
    const isUnread = code === 'ERR_UNKNOWN_FILE_EXTENSION' || code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
    if (!isUnread || !(await readByTsx(file))) throw error
    // Node keeps what could not be loaded, so it needs another name.
    return import(`${url}?tsx`)
  }
}

const answering = (given: LambdaHandler) => {
  const { handler, isByCallback } = callbackWatched(given)
  // What an application of this library did is traced here, and nowhere else.
  const runner = inProcess(handler, true)
  const { during, left } = floating()
  return async ({ event, context: data, lambdaTimeoutMs }: Call): Promise<void> => {
    const context = contextOf(data, lambdaTimeoutMs)
    const { idle, stop } = whenIdle()
    try {
      const ran = await Promise.race([during(() => runner.run(event, context)), idle])
      if (!ran && !isByCallback()) return die(unsettled(), 1)
      const waits = isByCallback() && context.callbackWaitsForEmptyEventLoop
      await (waits ? idle : turn())
      const { error, ...trace } = ran?.trace ?? {}
      say({
        kind: 'answered',
        returned: ran?.returned,
        trace: { ...trace, ...(error !== undefined && { error: describe(error) }) },
        left: waits ? [] : left(),
      })
    } catch (error) {
      await turn()
      say({ kind: 'threw', error: describe(error) })
    } finally {
      stop()
    }
  }
}

/** What ends in this turn was not left behind: a timer that was cleared, a request whose answer is there. */
const turn = () => new Promise<void>((resolve) => immediately(resolve))
const immediately = setImmediate

const die = (error: unknown, status: number): never => {
  say({ kind: 'died', error: describe(error) })
  return process.exit(status)
}

// The statuses are those of Lambda's own client.
process.on('uncaughtException', (error) => die(error, 129))
process.on('unhandledRejection', (reason) => die(unhandled(reason), 128))
endWithParent()
const [, , url = '', name] = process.argv
live(url, name)
