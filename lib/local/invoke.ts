import type { WebSocketEvent } from '../event/event.ts'
import { type Answer, readAnswer } from './answer.ts'
import type { Fate } from './chaos.ts'
import { type LambdaContext, lambdaContext } from './context.ts'
import type { Gate } from './gate.ts'
import { timedOut } from './instances/errors.ts'
import type { Clock } from './options.ts'
import type { Runner } from './runner.ts'
import type { Trace } from './trace.ts'

/** A Lambda function of a WebSocket API, as AWS calls it. */
export type LambdaHandler<Event = WebSocketEvent, Context = LambdaContext> = (
  event: Event,
  context: Context,
  callback: LambdaCallback,
) => unknown

export type LambdaCallback = (error?: unknown, result?: unknown) => void

/** What came of one invocation. */
export type Outcome = (
  | { readonly outcome: 'answered'; readonly answer: Answer }
  /** The handler returned what API Gateway does not take. */
  | { readonly outcome: 'malformed'; readonly returned: unknown }
  | { readonly outcome: 'threw'; readonly error: unknown }
  /** The integration timeout passed. The handler runs on. */
  | { readonly outcome: 'timeout' }
) & { readonly trace?: Trace | undefined; readonly instance?: number | undefined }

/** What `observe` is told of each event. `noRoute` and `throttled` mean that no handler ran. */
export interface Invocation {
  readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT'
  /** That API Gateway selected. */
  readonly routeKey: string
  readonly connectionId: string
  readonly requestId: string
  readonly outcome: Outcome['outcome'] | 'noRoute' | 'throttled'
  /** The status that the handler returned. */
  readonly status?: number
  /** What the handler threw; of an application of this library, what its `onError` was told. */
  readonly error?: unknown
  /** What the handler returned, where that is malformed. */
  readonly returned?: unknown
  readonly ms: number
  /** The route that an application of this library found in the message. */
  readonly name?: string
  /** The code of the error that such an application told the peer. */
  readonly code?: string
  /** States of the connection's machine, where there is one. */
  readonly states?: NonNullable<Trace['states']>
  /** Which instance ran it, under isolation. */
  readonly instance?: number
}

export type Invoke = (event: WebSocketEvent) => Promise<Outcome>

/** What an invocation needs of a gateway. */
export type Office = Pick<Gate, 'settings' | 'tasks' | 'feed' | 'chaos'>

/** Call the handler as Lambda does, and wait no longer than the integration timeout, nor than that of the function. */
export const invoker = (runner: Runner, office: Office): Invoke => {
  const { settings, chaos } = office
  const { clock, integrationTimeoutMs, lambdaTimeoutMs, random } = settings
  const maxMs = runner.keepsTime ? Number.POSITIVE_INFINITY : lambdaTimeoutMs
  const late: Outcome =
    maxMs < integrationTimeoutMs ? { outcome: 'threw', error: timedOut(maxMs) } : { outcome: 'timeout' }
  return async (event) => {
    const { routeKey, connectionId } = event.requestContext
    const lateMs = chaos?.delayMs(connectionId, routeKey) ?? 0
    if (lateMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, lateMs))
    const begunAt = clock.now()
    const fate = chaos?.fateOf(connectionId, routeKey)
    const work = run(runner, event, lambdaContext(clock, lambdaTimeoutMs, random), fate)
    const running = office.tasks.add(work, () => `the handler of ${routeKey} for ${connectionId}`, begunAt + maxMs)
    const first = await within(Math.min(integrationTimeoutMs, maxMs), running, clock)
    const result = first.outcome === 'timeout' ? late : first
    const ms = clock.now() - begunAt
    tell(office, event, () => ({ ...summary(result), ms }))
    return result
  }
}

/** Tell whoever watches of an event, and put nothing together where nobody does. Its own faults are not the client's. */
export const tell = (
  { settings: { observe, clock }, feed }: Pick<Office, 'settings' | 'feed'>,
  { requestContext: { eventType, routeKey, connectionId, requestId } }: WebSocketEvent,
  result: () => Omit<Invocation, 'eventType' | 'routeKey' | 'connectionId' | 'requestId'>,
): void => {
  const see = (): Invocation => ({ eventType, routeKey, connectionId, requestId, ...result() })
  feed.tell(() => ({ kind: 'invoked', at: clock.now(), invocation: see() }))
  try {
    observe?.(see())
  } catch {}
}

const run = async (
  runner: Runner,
  event: WebSocketEvent,
  context: LambdaContext,
  fate: Fate | undefined,
): Promise<Outcome> => {
  try {
    const { returned, trace, instance } = await runner.run(event, context, fate)
    const answer = readAnswer(returned)
    return answer
      ? { outcome: 'answered', answer, trace, instance }
      : { outcome: 'malformed', returned, trace, instance }
  } catch (error) {
    const { instance }: { readonly instance?: number } = Object(error)
    return { outcome: 'threw', error, instance }
  }
}

/**
 * Call a handler and wait for its answer. One of three parameters answers through its callback unless it returns a
 * promise, as in the Node runtimes up to 22.
 */
export const callHandler = <Event>(
  handler: LambdaHandler<Event>,
  event: Event,
  context: LambdaContext,
): Promise<unknown> =>
  new Promise<unknown>((resolve, reject) => {
    const returned = handler(event, context, (error, result) => (error ? reject(error) : resolve(result)))
    if (handler.length < 3 || returned instanceof Promise) resolve(returned)
  })

/** Wait no longer than so many milliseconds. */
export const within = <Result>(
  ms: number,
  running: Promise<Result>,
  clock: Clock,
): Promise<Result | { readonly outcome: 'timeout' }> =>
  new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => resolve({ outcome: 'timeout' }), ms)
    running.then(
      (result) => {
        clock.clearTimeout(timer)
        resolve(result)
      },
      (error: unknown) => {
        clock.clearTimeout(timer)
        reject(error)
      },
    )
  })

const summary = (result: Outcome) => ({
  outcome: result.outcome,
  ...(result.outcome === 'answered' && { status: result.answer.status }),
  ...(result.outcome === 'threw' && { error: result.error }),
  ...(result.outcome === 'malformed' && { returned: result.returned }),
  ...result.trace,
  ...(result.instance !== undefined && { instance: result.instance }),
})
