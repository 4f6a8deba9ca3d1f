import type { Route, Run } from './plan.ts'

/** Code around a handler, as the chain holds it. */
export interface Layer {
  (context: object, next: (added?: object) => Promise<object>): unknown
  /** Routes that it brings along: free ones, which it handles itself. */
  readonly '~routes'?: readonly Pick<Route, 'name' | 'input' | 'run'>[]
  /** Whether it wants to see the record of the connection with each message. */
  readonly '~reads'?: boolean
}

/**
 * Put layers around a handler, the first one outermost.
 *
 * A layer refuses by throwing. It cannot let a message pass by saying nothing: under a protocol the state would be
 * earned by a handler that never ran. For the same reason it cannot swallow the failure of what it wraps; `onError` is
 * the place to look at failures.
 */
export const compose = (layers: readonly Layer[], handler: Run): Run =>
  layers.reduceRight<Run>((inner, layer) => around(layer, inner), handler)

const around =
  (layer: Layer, inner: Run): Run =>
  async (context) => {
    let running: Promise<unknown> | undefined
    let over = false
    // Thrown and not rejected with: a layer that does not await next() must not get away with it.
    const next = (added?: object) => {
      if (running || over) throw new TypeError('A middleware called next() twice, or after it had returned.')
      running = run(inner, add(context, added))
      const passed = running.then(() => PASSED)
      // The message waits for what runs inside, whether or not the layer does; a rejection that nobody else handles
      // would end the process.
      passed.catch(() => {})
      return passed
    }
    try {
      await layer(context, next)
    } catch (error) {
      over = true
      // What runs inside must not outlive the message, nor fail unseen.
      await running?.catch(() => {})
      throw error
    }
    over = true
    if (!running) throw new TypeError('A middleware returned without next(). To refuse, throw an error: see WsError.')
    return running
  }

// Defined and not assigned: contexts have getters, and an assignment does not replace those.
const add = (context: object, added: object | undefined) => {
  for (const [key, value] of Object.entries(added ?? {}))
    Object.defineProperty(context, key, { value, writable: true, enumerable: true, configurable: true })
  return context
}

// Async, so that a handler that throws at once rejects as the others do.
const run = async (inner: Run, context: object) => inner(context)

/** What `next()` resolves to: that it was called is all there is to know. */
const PASSED = { '~added': {} }
