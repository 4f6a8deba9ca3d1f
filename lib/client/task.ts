import type {
  CheckTask,
  ClientTask,
  Given,
  ResultOf,
  RoutesIn,
  SendOptions,
  Tasked,
  TaskState,
  TasksOf,
} from '../types/client.ts'
import type { Session } from './live.ts'
import { type Course, isEnd, makeCourse } from './task-course.ts'
import { type News, newsOf } from './task-news.ts'

export type { ClientTask, TaskState, TaskStep } from '../types/client.ts'

/**
 * Start a task of the application, and follow it: over every connection that the client makes, until it ends.
 *
 * ```ts
 * const task = startTask(client, 'report', { year: 2025 })
 * for await (const { fraction, note } of task) bar.value = fraction
 * const report = await task.result
 * ```
 *
 * Leaving the loop leaves the task alone, and the next loop begins with the first step again. `signal` cancels it: `result` rejects with its reason at once, and the server is
 * told as soon as it can be. `timeoutMs` is how long the server may take to say that it has taken the task.
 */
export const startTask = <C extends Tasked, const N extends TasksOf<RoutesIn<C>> | (string & {})>(
  client: C,
  name: N & CheckTask<RoutesIn<C>, N>,
  ...[data, options]: Given<RoutesIn<C>, N & keyof RoutesIn<C>>
): ClientTask<ResultOf<RoutesIn<C>, N>> => start(insideOf(client), name, data, options) as never // typed at this door

/**
 * Follow a task by its id, after a reload of the page for example, or from another client. What it has said of its progress
 * before is not told again, but where it is, and its result if it has ended.
 *
 * ```ts
 * const task = followTask(client, 'report', sessionStorage.taskId)
 * ```
 */
export const followTask = <C extends Tasked, const N extends TasksOf<RoutesIn<C>> | (string & {})>(
  client: C,
  name: N & CheckTask<RoutesIn<C>, N>,
  taskId: string,
): ClientTask<ResultOf<RoutesIn<C>, N>> => {
  const { news } = insideOf(client)
  const course = makeCourse(name, () => news.leave(taskId, course))
  course.taken()
  news.follow(taskId, course)
  return shown(course, Promise.resolve(taskId), async () => (await news.cancel(taskId)).state) as never // typed at this door
}

const start = (
  { session, news, send }: Inside,
  name: string,
  data: unknown,
  { signal, ...options }: SendOptions = {},
) => {
  const course = makeCourse(name, () => {
    signal?.removeEventListener('abort', abort)
    void id.then(
      (taskId) => news.leave(taskId, course),
      () => {},
    )
  })
  const unsent = new AbortController()
  if (signal?.aborted) unsent.abort(signal.reason)
  const stop = news.keep()
  const count = news.count()
  const reply = send(name, data, { ...options, signal: unsent.signal })
  const request = [...session.requests.book.waiting].at(-1)
  const id = reply.then((taken) => {
    const { taskId } = Object(taken)
    if (typeof taskId !== 'string') throw new TypeError(`startTask: '${name}' is no task, its reply has no taskId.`)
    course.taken()
    // On another connection than it began on the worker has yet to hear of that one.
    if (!course.isOver) news.follow(taskId, course, !request?.isMoved && news.count() === count)
    return taskId
  })
  // What nobody waits for fails nobody.
  id.then(stop, (error) => {
    stop()
    if (signal?.aborted) course.cancelled(error)
    else course.fail(error)
  })

  /** What has left cannot be called back, and it takes its id to stop it. */
  const hasLeft = () => request?.session !== undefined
  const abort = () => {
    course.cancelled(signal?.reason)
    if (!hasLeft()) unsent.abort(signal?.reason)
    void id.then(
      (taskId) => news.cancel(taskId).catch(session.onError),
      () => {},
    )
  }
  signal?.addEventListener('abort', abort)
  return shown(course, id, async () => {
    if (hasLeft() || course.isOver) return (await news.cancel(await id)).state
    unsent.abort(course.cancelled())
    return course.state
  })
}

const shown = (course: Course, id: Promise<string>, cancel: () => Promise<TaskState>): ClientTask<unknown> => ({
  id,
  result: course.result,
  get state() {
    return course.state
  },
  cancel: () => quiet(isEnd(course.state) ? Promise.resolve(course.state) : cancel()),
  [Symbol.asyncIterator]: course.loop,
})

/** What nobody waits for fails nobody. */
const quiet = <Value>(promise: Promise<Value>): Promise<Value> => {
  promise.catch(() => {})
  return promise
}

interface Inside {
  readonly session: Session
  readonly news: News
  readonly send: (name: string, data: unknown, options: SendOptions) => Promise<unknown>
}

const insideOf = (client: object): Inside => {
  const { session, send, on } = Object(client) as Omit<Inside, 'news'> & { readonly on: Parameters<typeof newsOf>[1] }
  if (!session?.requests) throw new TypeError('A task needs a client that connect() has made.')
  return { session, send, news: newsOf(session, on) }
}
