import type { Context as LambdaContext } from 'aws-lambda'

/** How long this invocation has to live. */
export interface Lifetime {
  /** Milliseconds until Lambda kills the function. */
  readonly remainingMs: () => number
  /** Aborts shortly before. Made, with its timer, when it is first asked for. */
  readonly signal: () => AbortSignal
  /** The invocation is over: no timer stays behind. */
  readonly end: () => void
}

export const lifetime = (lambda: LambdaContext | undefined): Lifetime => {
  let timer: NodeJS.Timeout | undefined
  let controller: AbortController | undefined
  const remainingMs = () => {
    const left = lambda?.getRemainingTimeInMillis?.()
    // NaN would make a claim that never protects, or never ends.
    return typeof left === 'number' && Number.isFinite(left) ? left : UNKNOWN_LIFE_MS
  }
  return {
    remainingMs,
    signal: () => {
      if (controller) return controller.signal
      const made = new AbortController()
      controller = made
      const stop = () => made.abort(new DOMException('The Lambda function is about to time out.', 'TimeoutError'))
      timer = setTimeout(stop, Math.max(0, remainingMs() - ABORT_BEFORE_MS))
      timer.unref()
      return made.signal
    },
    end: () => clearTimeout(timer),
  }
}

/** API Gateway waits 29 s for an integration; a function without a context is taken to live no longer than that. */
const UNKNOWN_LIFE_MS = 30_000
/** Time to stop what is running and still to answer. */
const ABORT_BEFORE_MS = 500
