import type { SendOptions } from '../types/client.ts'
import { unanswered } from './errors.ts'
import type { Pushes } from './pushes.ts'
import type { Asking } from './requests.ts'
import { makeSteps } from './steps.ts'

type Ask = (name: string, data: unknown, options?: Asking) => Promise<unknown>

/** Values of a push, beginning with those that came while this was loaded. */
export const follow = ({ on, over, ends }: Pushes, event: string, early: readonly unknown[]) => {
  const steps = makeSteps<unknown>(() => {
    stop()
    ends.delete(steps.end)
  })
  const stop = on(event, steps.push)
  for (const value of early) steps.push(value)
  if (over() !== undefined) steps.end()
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
    if (done) throw await unanswered('CLOSED', { heard: pushes.over() ?? '' })
    return value
  } finally {
    signal?.removeEventListener('abort', abort)
    void loop.return?.()
  }
}

export const stream = (ask: Ask, name: string, data: unknown, { signal, ...options }: SendOptions = {}) => {
  const controller = new AbortController()
  const abort = () => controller.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  // A loop that is left early wants no reply.
  const steps = makeSteps<unknown>(() => {
    signal?.removeEventListener('abort', abort)
    controller.abort()
  })
  const reply = ask(name, data, { ...options, signal: controller.signal, step: steps.push })
  reply.then(
    () => steps.end(),
    (error) => steps.end(error),
  )
  return { loop: steps.loop, reply }
}
