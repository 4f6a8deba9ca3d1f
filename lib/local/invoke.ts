import type { WebSocketEvent } from '../event/event.ts'
import { type Answer, readAnswer } from './answer.ts'
import { type LambdaContext, lambdaContext } from './context.ts'
import type { Clock, Settings } from './options.ts'
import type { Tasks } from './tasks.ts'

/** A Lambda function of a WebSocket API, as AWS calls it. */
export type LambdaHandler<Event = WebSocketEvent, Context = LambdaContext> = (
  event: Event,
  context: Context,
  callback: LambdaCallback,
) => unknown

export type LambdaCallback = (error?: unknown, result?: unknown) => void

/** What came of one invocation. */
export type Outcome =
  | { readonly outcome: 'answered'; readonly answer: Answer }
  /** The handler returned what API Gateway does not take. */
  | { readonly outcome: 'malformed'; readonly returned: unknown }
  | { readonly outcome: 'threw'; readonly error: unknown }
  /** The integration timeout passed. The handler runs on. */
  | { readonly outcome: 'timeout' }

/** What `observe` is told of each event. `noRoute` means that no handler ran. */
export interface Invocation {
  readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT'
  readonly routeKey: string
  readonly connectionId: string
  readonly requestId: string
  readonly outcome: Outcome['outcome'] | 'noRoute'
  /** The status that the handler returned. */
  readonly status?: number
  /** What the handler threw. */
  readonly error?: unknown
  /** What the handler returned, where that is malformed. */
  readonly returned?: unknown
  readonly ms: number
}

export type Invoke = (event: WebSocketEvent) => Promise<Outcome>

/** Call the handler as Lambda does, and wait no longer than the integration timeout. */
export const invoker =
  (handler: LambdaHandler, settings: Settings, tasks: Tasks): Invoke =>
  async (event) => {
    const { clock, integrationTimeoutMs, lambdaTimeoutMs } = settings
    const begunAt = clock.now()
    const { routeKey, connectionId } = event.requestContext
    const work = run(handler, event, lambdaContext(clock, lambdaTimeoutMs))
    const running = tasks.add(work, `the handler of ${routeKey} for ${connectionId}`)
    const result = await within(integrationTimeoutMs, running, clock)
    tell(settings, event, { ...summary(result), ms: clock.now() - begunAt })
    return result
  }

/** Tell the observer of an event. Its own faults are not the client's. */
export const tell = (
  { observe }: Settings,
  { requestContext: { eventType, routeKey, connectionId, requestId } }: WebSocketEvent,
  result: Pick<Invocation, 'outcome' | 'status' | 'error' | 'returned' | 'ms'>,
): void => {
  try {
    observe({ eventType, routeKey, connectionId, requestId, ...result })
  } catch {}
}

const run = async (handler: LambdaHandler, event: WebSocketEvent, context: LambdaContext): Promise<Outcome> => {
  try {
    const returned = await callHandler(handler, event, context)
    const answer = readAnswer(returned)
    return answer ? { outcome: 'answered', answer } : { outcome: 'malformed', returned }
  } catch (error) {
    return { outcome: 'threw', error }
  }
}

/**
 * Call a handler and wait for its answer. One of three parameters answers through its callback unless it returns a
 * promise, as in the Node runtimes up to 22.
 */
export const callHandler = (handler: LambdaHandler, event: WebSocketEvent, context: LambdaContext): Promise<unknown> =>
  new Promise<unknown>((resolve, reject) => {
    const returned = handler(event, context, (error, result) => (error ? reject(error) : resolve(result)))
    if (handler.length < 3 || returned instanceof Promise) resolve(returned)
  })

const within = async (ms: number, running: Promise<Outcome>, clock: Clock): Promise<Outcome> => {
  let timer: unknown
  const late = new Promise<Outcome>((resolve) => {
    timer = clock.setTimeout(() => resolve({ outcome: 'timeout' }), ms)
  })
  const result = await Promise.race([running, late])
  clock.clearTimeout(timer)
  return result
}

const summary = (result: Outcome) => ({
  outcome: result.outcome,
  ...(result.outcome === 'answered' && { status: result.answer.status }),
  ...(result.outcome === 'threw' && { error: result.error }),
  ...(result.outcome === 'malformed' && { returned: result.returned }),
})
