import type { WebSocketEvent } from '../event/event.ts'
import type { LambdaContext } from './context.ts'
import { insideOf } from './inside.ts'
import { callHandler, type LambdaHandler } from './invoke.ts'
import { type Trace, tracer } from './trace.ts'

/** What runs a handler: this process, or an instance of its own. */
export interface Runner {
  /** Rejects with what the handler threw. */
  readonly run: (event: WebSocketEvent, context: LambdaContext) => Promise<Ran>
  readonly close: () => Promise<void>
}

export interface Ran {
  readonly returned: unknown
  /** What an application of this library did meanwhile, where somebody watches. */
  readonly trace?: Trace
  /** Which instance it was, under isolation. */
  readonly instance?: number
}

/** Run a handler in this process. */
export const inProcess = (handler: LambdaHandler, isWatched: boolean): Runner => {
  const inside = isWatched ? insideOf(handler) : undefined
  if (!inside)
    return {
      run: async (event, context) => ({ returned: await callHandler(handler, event, context) }),
      close: async () => {},
    }
  const { run, undo } = tracer(inside)
  return {
    run: async (event, context) => {
      const { connectionId } = event.requestContext
      const { result, trace } = await run(connectionId, () => callHandler(handler, event, context))
      return { returned: result, trace }
    },
    close: async () => undo(),
  }
}
