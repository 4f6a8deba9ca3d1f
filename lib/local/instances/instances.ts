import { pathToFileURL } from 'node:url'
import type { WebSocketEvent } from '../../event/event.ts'
import { readAnswer } from '../answer.ts'
import type { LambdaContext } from '../context.ts'
import { KilledError } from '../mortal.ts'
import type { Clock } from '../options.ts'
import type { Ran } from '../runner.ts'
import { timedOut, unloaded } from './errors.ts'
import { type Instance, startInstance } from './instance.ts'
import { type Answered, revive } from './messages.ts'
import { noticer } from './notices.ts'
import { makePool } from './pool.ts'
import { parting, stays } from './stays.ts'

export interface InstancesOptions {
  /** The module that exports the handler: a path, or a `file:` URL. */
  readonly module: string | URL
  /** Which export is the handler. @default handler, else default, else the only function */
  readonly export?: string
  /** Ends invocations that run for too long. The instances themselves live by the clock of the machine. */
  readonly clock: Clock
  readonly lambdaTimeoutMs: number
  /** Told, in a sentence, what works on a laptop and not on Lambda. */
  readonly notice: (sentence: string) => void
  /** Further invocations wait. @default 10 */
  readonly maxInstances?: number
  /** What the instances print, line by line. @default they print where this process does */
  readonly log?: (line: string) => void
  /**
   * Read at each start of an instance; it goes over the environment of this process: where to post, and the like.
   *
   * @default none
   */
  readonly env?: () => Readonly<Record<string, string | undefined>>
}

/** What came of an invocation, and where it ran. */
export interface RanThere extends Ran {
  readonly instance: number
  /** Whether it was the first of its instance. */
  readonly cold: boolean
}

export interface Instances {
  /** Start the first two, which otherwise the first invocation does. Rejects where the module cannot be loaded. */
  readonly start: () => Promise<void>
  /**
   * Rejects with what the handler threw, or with how its instance died. Such an error has `instance` on it. `begun` is
   * called when there is an instance that runs it.
   */
  readonly invoke: (event: WebSocketEvent, context: LambdaContext, begun?: () => void) => Promise<RanThere>
  /** Kill the instance that runs a request. `false` where none does. The invocation rejects with a `KilledError`. */
  readonly kill: (awsRequestId: string) => boolean
  /** End all of them. What still runs is killed. */
  readonly close: () => Promise<void>
}

/**
 * Run a handler as Lambda does: in instances of its own, each of which runs one invocation at a time, stands still in
 * between, and has its own copy of all that a module keeps in variables.
 *
 * ```ts
 * const { invoke, close } = instances({ module: 'server.ts', clock, lambdaTimeoutMs: 30_000, notice: console.error })
 * const { returned, instance } = await invoke(event, context)
 * ```
 */
export const instances = (options: InstancesOptions): Instances => {
  const { clock, lambdaTimeoutMs, maxInstances = 10 } = options
  const notices = noticer(options.notice)
  const where = stays()
  const inMemory = new WeakSet<Instance>()
  const running = new Map<string, Instance>()
  const served = new WeakSet<Instance>()
  const pool = makePool((number) => {
    const instance = startInstance(number, processOf(options))
    const timer = clock.setTimeout(() => instance.kill(unloaded(options.module, lambdaTimeoutMs)), lambdaTimeoutMs)
    instance.loaded
      .then(({ keepsInMemory }) => keepsInMemory && inMemory.add(instance))
      .catch(() => {})
      .finally(() => clock.clearTimeout(timer))
    return instance
  }, maxInstances)

  let started: Promise<void> | undefined
  const start = () => {
    // Where it fails the next invocation tries again, as on Lambda.
    started ??= pool.warm().catch((error) => {
      started = undefined
      throw error
    })
    return started
  }

  const runIn = async (instance: Instance, event: WebSocketEvent, context: LambdaContext): Promise<Answered> => {
    const { getRemainingTimeInMillis: _, ...data } = context
    running.set(context.awsRequestId, instance)
    const timer = clock.setTimeout(() => instance.kill(timedOut(lambdaTimeoutMs)), lambdaTimeoutMs)
    try {
      return await instance.run({ event, context: data, lambdaTimeoutMs })
    } finally {
      clock.clearTimeout(timer)
      running.delete(context.awsRequestId)
      pool.giveBack(instance)
    }
  }

  return {
    start,
    invoke: async (event, context, begun) => {
      await start()
      const instance = await pool.take(where.last(event))
      const { number } = instance
      const { connectionId, routeKey } = event.requestContext
      const before = parting(where.enter(event, number), number)
      const failed = (route = routeKey) => before && notices.parted(connectionId, { route, instance: number }, before)
      const cold = !served.has(instance)
      served.add(instance)
      try {
        const ran = runIn(instance, event, context)
        begun?.()
        const { returned, trace, left } = await ran
        notices.left(trace.name ?? routeKey, left)
        if (isAmiss(returned, trace.code, inMemory.has(instance))) failed(trace.name)
        return { returned, instance: number, cold, ...traceOf(trace) }
      } catch (error) {
        // How an instance dies has nothing to do with what was in it.
        if (instance.isAlive()) failed()
        else pool.warm().catch(() => {})
        throw Object.assign(Object(error), { instance: number })
      }
    },
    kill: (awsRequestId) => {
      const instance = running.get(awsRequestId)
      instance?.kill(new KilledError('The instance was killed in mid-message.'))
      return instance !== undefined
    },
    close: pool.close,
  }
}

const processOf = ({ module, export: exportName, env, log }: InstancesOptions) => ({
  module: /^file:/.test(String(module)) ? String(module) : pathToFileURL(String(module)).href,
  exportName,
  env: env?.() ?? {},
  log,
})

/**
 * Whether a variable that is missing here may be the reason of a failure. An application of this library that refuses a
 * message has reasons of its own; with a `memory()` it knows nothing of what was before, whatever it says.
 */
const isAmiss = (returned: unknown, code: string | undefined, keepsInMemory: boolean): boolean => {
  if (keepsInMemory) return true
  if (code !== undefined) return code === 'INTERNAL'
  const answer = readAnswer(returned)
  return !answer || answer.status >= 400
}

const traceOf = ({ error, ...trace }: Answered['trace']): Pick<Ran, 'trace'> => {
  const whole = { ...trace, ...(error && { error: revive(error) }) }
  return Object.keys(whole).length === 0 ? {} : { trace: whole }
}
