/** Values that come when they come, for a loop that takes them when it likes. */
export interface Steps<Value> {
  readonly push: (value: Value) => void
  /** No more will come; with an error the loop ends by throwing it. */
  readonly end: (error?: unknown) => void
  readonly loop: AsyncGenerator<Value>
}

/** `stopped` is called when the loop is over. */
export const makeSteps = <Value>(stopped: () => void): Steps<Value> => {
  const values: Value[] = []
  let isOver = false
  let failure: unknown
  let wake = () => {}
  async function* loop() {
    try {
      for (;;) {
        while (values.length > 0) yield values.shift() as Value // as it was pushed
        if (failure !== undefined) throw failure
        if (isOver) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      isOver = true
      stopped()
    }
  }
  return {
    push: (value) => {
      if (isOver) return
      values.push(value)
      // A loop that stands still must not cost all memory: the oldest go.
      if (values.length > MAX_VALUES) values.shift()
      wake()
    },
    end: (error) => {
      isOver = true
      failure ??= error
      wake()
    },
    loop: loop(),
  }
}

const MAX_VALUES = 1_000
