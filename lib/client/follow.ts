import type { Pushes } from './pushes.ts'
import { makeSteps } from './steps.ts'

/** Values of a push, beginning with those that came while this was loaded. */
export const follow = ({ on, over, ends }: Pushes, event: string, early: readonly unknown[]) => {
  const steps = makeSteps<unknown>(() => {
    stop()
    ends.delete(steps.end)
  })
  const stop = on(event, steps.push)
  for (const value of early) steps.push(value)
  if (over()) steps.end()
  else ends.add(steps.end)
  return steps
}

export const next = async (pushes: Pushes, event: string, early: readonly unknown[], signal?: AbortSignal) => {
  const { loop, end } = follow(pushes, event, early)
  const abort = () => end(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  try {
    const { done, value } = await loop.next()
    if (done) throw await pushes.over()
    return value
  } finally {
    signal?.removeEventListener('abort', abort)
    void loop.return(undefined)
  }
}

/** A message with steps, on its way. */
export interface Streaming {
  /** Those that came while this was loaded. */
  readonly steps: readonly unknown[]
  /** Where the others go. */
  readonly heard: { step: (progress: unknown) => void }
  readonly reply: Promise<unknown>
  /** Aborts the message. */
  readonly left: AbortController
  readonly signal: AbortSignal | undefined
}

export const stream = ({ steps: early, heard, reply, left, signal }: Streaming) => {
  const abort = () => left.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  // A loop that is left early wants no reply.
  const steps = makeSteps<unknown>(() => {
    signal?.removeEventListener('abort', abort)
    left.abort()
  })
  for (const step of early) steps.push(step)
  heard.step = steps.push
  reply.then(
    () => steps.end(),
    (error) => steps.end(error),
  )
  return steps
}
