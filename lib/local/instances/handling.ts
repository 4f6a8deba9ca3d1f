import type { LambdaContext } from '../context.ts'
import type { LambdaHandler } from '../invoke.ts'
import type { Call } from './messages.ts'

/** The context of an invocation that begins now. */
export const contextOf = (data: Call['context'], lambdaTimeoutMs: number): LambdaContext => {
  const deadline = performance.now() + lambdaTimeoutMs
  return { ...data, getRemainingTimeInMillis: () => Math.max(0, Math.floor(deadline - performance.now())) }
}

/**
 * The same handler, and whether its answer comes by its callback. Lambda answers such an invocation when nothing is under
 * way any more, unless `context.callbackWaitsForEmptyEventLoop` is false.
 */
export const callbackWatched = (
  handler: LambdaHandler,
): { readonly handler: LambdaHandler; readonly isByCallback: () => boolean } => {
  if (handler.length < 3) return { handler, isByCallback: () => false }
  let isByCallback = true
  return {
    // Three parameters, for by that it is known.
    handler: (event, context, callback) => {
      const returned = handler(event, context, callback)
      isByCallback = !(returned instanceof Promise)
      return returned
    },
    isByCallback: () => isByCallback,
  }
}

/** When nothing is under way any more. */
export const whenIdle = (): { readonly idle: Promise<undefined>; readonly stop: () => void } => {
  let hear = () => {}
  const idle = new Promise<undefined>((resolve) => {
    hear = () => resolve(undefined)
  })
  process.on('beforeExit', hear)
  return {
    idle,
    stop: () => {
      process.off('beforeExit', hear)
    },
  }
}
