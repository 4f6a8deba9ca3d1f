import type { Plan } from '../flow/plan.ts'

/** Do something every so often, until what is returned is called; that resolves when nothing of it is under way. */
export const beat = (
  plan: Plan,
  ms: number,
  run: () => Promise<void>,
  pulse?: (ms: number) => Promise<void>,
): (() => Promise<void>) => {
  let isOver = false
  const wait = pulse ? { after: pulse, stop: () => {} } : waitOf(plan)
  let wake = () => {}
  const over = new Promise<void>((resolve) => {
    wake = resolve
  })
  const go = async () => {
    for (;;) {
      await Promise.race([wait.after(ms), over])
      if (isOver) return
      await run().catch(console.error)
    }
  }
  const gone = go()
  return () => {
    isOver = true
    wait.stop()
    wake()
    return gone
  }
}

/** By the clock that there is. In real time by a timer of its own, so that none is left behind and none keeps a process. */
export const waitOf = ({ clock }: Plan) => {
  if (clock.now !== Date.now)
    return {
      after: async (ms: number) => {
        // A clock that goes on by itself must leave its turn to what is worked on.
        await new Promise((resolve) => setImmediate(resolve))
        await clock.wait(ms)
      },
      stop: () => {},
    }
  let timer: NodeJS.Timeout | undefined
  return {
    after: (ms: number) =>
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms)
        timer.unref()
      }),
    stop: () => clearTimeout(timer),
  }
}
