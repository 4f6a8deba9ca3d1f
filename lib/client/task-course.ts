import type { Told } from '../task/task.ts'
import type { ClientTask, TaskState, TaskStep } from '../types/client.ts'
import { RemoteError } from './errors.ts'
import { MAX_VALUES, makeSteps, type Steps } from './steps.ts'

/** One task, from its start to its end, as what is heard of it says. */
export interface Course extends Pick<ClientTask<unknown>, 'result' | 'state'> {
  /** Nothing more is of interest. */
  readonly isOver: boolean
  /** A reader of its own, from the first step that is kept. */
  readonly loop: () => AsyncIterator<TaskStep, undefined>
  /** The server has taken it. */
  readonly taken: () => void
  /** By a push, or in answer to a question, and then it may be older than what was pushed before. */
  readonly heard: (told: Told, isAnswer?: boolean) => void
  /** It is followed no more. */
  readonly fail: (error: unknown) => void
  /** It was cancelled: returns the error that says so. */
  readonly cancelled: (reason?: unknown) => unknown
}

export const isEnd = (state: TaskState): boolean => state === 'done' || state === 'failed' || state === 'cancelled'

/** `over` is called once, at the end. */
export const makeCourse = (name: string, over: () => void): Course => {
  let state: TaskState = 'starting'
  let last: TaskStep | undefined
  let isOver = false
  const steps: TaskStep[] = []
  const readers = new Set<Steps<TaskStep>>()
  let failure: unknown
  const { promise: result, resolve, reject } = pending()
  // What nobody waits for fails nobody.
  result.catch(() => {})

  const end = (settle: () => void, error?: unknown) => {
    if (isOver) return
    isOver = true
    failure = error
    settle()
    for (const reader of [...readers]) reader.end(error)
    over()
  }
  const fail = (error: unknown) => {
    if (!isOver && !isEnd(state)) state = state === 'starting' && error instanceof RemoteError ? 'failed' : 'unfollowed'
    end(() => reject(error), error)
  }
  const step = ({ fraction, note }: TaskStep, isAnswer: boolean) => {
    // An attempt that begins anew goes back, but a question is answered by what was written down, a second ago maybe.
    if (last && (isAnswer ? fraction <= last.fraction : fraction === last.fraction && note === last.note)) return
    last = { fraction, ...(note !== undefined && { note }) }
    steps.push(last)
    if (steps.length > MAX_VALUES) steps.shift()
    for (const reader of readers) reader.push(last)
  }
  const loop = () => {
    const reader = makeSteps<TaskStep>(() => readers.delete(reader))
    readers.add(reader)
    for (const one of steps) reader.push(one)
    if (isOver) reader.end(failure)
    return reader.loop
  }

  const cancelled = (reason: unknown = refusal(name, 'ABORTED', `The task '${name}' was cancelled.`)) => {
    if (!isOver) state = 'cancelled'
    fail(reason)
    return reason
  }

  return {
    result,
    loop,
    get state() {
      return state
    },
    get isOver() {
      return isOver
    },
    taken: () => {
      if (state === 'starting') state = 'queued'
    },
    heard: (told, isAnswer = false) => {
      if (isOver) return
      // An id that was kept beside the wrong name would give a result of another type.
      if (told.name !== name)
        return fail(refusal(name, 'NOT_FOUND', `Task ${told.taskId} is one of '${told.name}', and not of '${name}'.`))
      // The answer to a question may have been written before what was pushed since.
      if (told.state !== 'queued') state = told.state
      if (told.state === 'done') end(() => resolve(told.result))
      if (told.state === 'failed') fail(new RemoteError(name, told.error))
      if (told.state === 'cancelled') cancelled()
      if (told.state === 'running' && told.fraction !== undefined) step({ ...told, fraction: told.fraction }, isAnswer)
    },
    fail,
    cancelled,
  }
}

const refusal = (name: string, code: 'NOT_FOUND' | 'ABORTED', message: string) =>
  new RemoteError(name, { code, message })

const pending = () => {
  let resolve: (value: unknown) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<unknown>((done, failed) => {
    resolve = done
    reject = failed
  })
  return { promise, resolve, reject }
}
