import { AsyncLocalStorage } from 'node:async_hooks'
import { WsError } from '../errors.ts'
import { change, type Inside } from '../local/inside.ts'
import { stackOf } from './stack.ts'

/** What an application of this library tells its owner of failures, kept until the line of its event is printed. */
export interface Failures {
  /** Listen to an application. Returns how to stop. */
  readonly of: (inside: Inside | undefined) => () => void
  readonly during: <Result>(requestId: string, work: () => Promise<Result>) => Promise<Result>
  /** Take what failed during an event. What fails later goes to the log by itself. */
  readonly take: (requestId: string) => readonly unknown[]
}

export const failuresOf = (log: (text: string) => void): Failures => {
  const current = new AsyncLocalStorage<string>()
  const kept = new Map<string, unknown[]>()
  const note = (error: unknown) => {
    // A refusal that a handler chose to throw is no failure: see flow/report.ts.
    if (error instanceof WsError && error.code !== 'INTERNAL' && error.cause === undefined) return
    const errors = kept.get(current.getStore() ?? '')
    if (errors) errors.push(error)
    else log(stackOf(error))
  }
  return {
    of: (inside) => {
      if (!inside) return () => {}
      const { plan } = inside
      const { onError } = plan
      return change(plan, {
        onError: (error, context) => {
          note(error)
          return onError?.(error, context)
        },
      })
    },
    during: (requestId, work) => {
      kept.set(requestId, [])
      return current.run(requestId, work)
    },
    take: (requestId) => {
      const errors = kept.get(requestId) ?? []
      kept.delete(requestId)
      return errors
    },
  }
}
