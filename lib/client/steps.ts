/** Values that come when they come, for a loop that takes them when it likes. */
export interface Steps<Value> {
  readonly push: (value: Value) => void
  /** No more will come; with an error the loop ends by throwing it. */
  readonly end: (error?: unknown) => void
  readonly loop: AsyncGenerator<Value, undefined>
}

/**
 * `stopped` is called once, when no more will come or the loop is left.
 *
 * The loop is no generator function: one that never ran runs no `finally`, and one that waits cannot be left.
 */
export const makeSteps = <Value>(stopped: () => void): Steps<Value> => {
  const values: Value[] = []
  const takers: Taker<Value>[] = []
  let isOver = false
  let failure: unknown

  /** Give what is there to those who wait. */
  const serve = () => {
    while (takers.length > 0 && (values.length > 0 || isOver)) {
      const taker = takers.shift()
      if (values.length > 0)
        taker?.resolve({ done: false, value: values.shift() as Value }) // as it was pushed
      else if (failure !== undefined) {
        taker?.reject(failure)
        // It is thrown once, and after that there is nothing more.
        failure = undefined
      } else taker?.resolve(DONE)
    }
  }
  const end = (error?: unknown) => {
    if (isOver) return
    isOver = true
    failure = error
    serve()
    stopped()
  }
  const leave = () => {
    values.length = 0
    end()
    failure = undefined
  }
  const loop = {
    next: () =>
      new Promise<IteratorResult<Value, undefined>>((resolve, reject) => {
        takers.push({ resolve, reject })
        serve()
      }),
    return: async () => {
      leave()
      return DONE
    },
    throw: async (error: unknown) => {
      leave()
      throw error
    },
    [Symbol.asyncIterator]: () => loop,
  } as AsyncGenerator<Value, undefined> // without the disposal that few runtimes have yet
  return {
    push: (value) => {
      if (isOver) return
      values.push(value)
      // A loop that stands still must not cost all memory: the oldest go.
      if (values.length > MAX_VALUES) values.shift()
      serve()
    },
    end,
    loop,
  }
}

/** Whoever waits for the next one. */
interface Taker<Value> {
  readonly resolve: (result: IteratorResult<Value, undefined>) => void
  readonly reject: (error: unknown) => void
}

const DONE = { done: true, value: undefined } as const
/** As many are kept for a loop. */
export const MAX_VALUES = 1_000
