import type { WebSocketEvent } from '../event/event.ts'
import type { Fate } from './chaos.ts'
import type { LambdaContext } from './context.ts'
import { type Inside, insideOf } from './inside.ts'
import { callHandler, type LambdaHandler } from './invoke.ts'
import { mortal } from './mortal.ts'
import { type Trace, tracer } from './trace.ts'

/** What runs a handler: this process, or an instance of its own. */
export interface Runner {
  /** Rejects with what the handler threw. */
  readonly run: (event: WebSocketEvent, context: LambdaContext, fate?: Fate) => Promise<Ran>
  /** Whether it ends by itself what takes longer than the function may. */
  readonly keepsTime?: boolean
  /** Of the application that runs now, where this library built it. */
  readonly inside?: () => Inside | undefined
  readonly close: () => Promise<void>
}

export interface Ran {
  readonly returned: unknown
  /** What an application of this library did meanwhile, where somebody watches. */
  readonly trace?: Trace
  /** Which instance it was, under isolation. */
  readonly instance?: number
}

/**
 * Run a handler in this process. Of an application of this library one may watch which states it reads and stores, and
 * have it die as a fate says.
 */
export const inProcess = (handler: LambdaHandler, isWatched: boolean, isMortal = false): Runner => {
  const inside = insideOf(handler)
  const watch = inside && isWatched ? tracer(inside) : undefined
  const death = inside && isMortal ? mortal(inside) : undefined
  return {
    run: async (event, context, fate) => {
      const call = () => callHandler(handler, event, context)
      const work = fate && death ? () => death.run(fate, call) : call
      if (!watch) return { returned: await work() }
      const { result, trace } = await watch.run(event.requestContext.connectionId, work)
      return { returned: result, trace }
    },
    inside: () => inside,
    close: async () => {
      death?.undo()
      watch?.undo()
    },
  }
}
