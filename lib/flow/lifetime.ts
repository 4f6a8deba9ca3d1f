import type { Context as LambdaContext } from 'aws-lambda'

/** How long this invocation has to live. */
export class Lifetime {
  readonly #lambda: LambdaContext | undefined
  #controller: AbortController | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(lambda: LambdaContext | undefined) {
    this.#lambda = lambda
  }

  /** Milliseconds until Lambda kills the function. */
  remainingMs(): number {
    const left = this.#lambda?.getRemainingTimeInMillis?.()
    // NaN would make a claim that never protects, or never ends.
    return Number.isFinite(left) ? Number(left) : UNKNOWN_LIFE_MS
  }

  /** Aborts shortly before. Made, with its timer, when it is first asked for. */
  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    const controller = new AbortController()
    const stop = () => controller.abort(new DOMException('The Lambda function is about to time out.', 'TimeoutError'))
    this.#controller = controller
    this.#timer = setTimeout(stop, Math.max(0, this.remainingMs() - ABORT_BEFORE_MS))
    this.#timer.unref()
    return controller.signal
  }

  /** The invocation is over: no timer stays behind. */
  end(): void {
    clearTimeout(this.#timer)
  }
}

/** API Gateway waits 29 s for an integration; a function without a context is taken to live no longer than that. */
const UNKNOWN_LIFE_MS = 30_000
/** Time to stop what is running and still to answer. */
const ABORT_BEFORE_MS = 500
