import type { Code } from '../errors.ts'
import type { Told } from '../task/task.ts'
import { RemoteError, unanswered } from './errors.ts'
import type { Live, Session } from './live.ts'
import type { Course } from './task-course.ts'

/** What is heard of the tasks of one client, over all its connections. */
export interface News {
  /** From now on keep what is heard of tasks that nobody knows, until what is returned is called. */
  readonly keep: () => () => void
  /** Tell a course all that is heard of its task. `isTold`: the worker tells this connection anyway. */
  readonly follow: (taskId: string, course: Course, isTold?: boolean) => void
  readonly leave: (taskId: string, course: Course) => void
  /** How many connections have been in service, with the one that a message would leave on now. */
  readonly count: () => number
  /** Resolves with what the server says, as soon as there is a connection to ask on. */
  readonly cancel: (taskId: string) => Promise<Told>
}

/** There is one per client, whatever follows its tasks. */
export const newsOf = (session: Session, on: On): News => {
  const news = all.get(session) ?? makeNews(session, on)
  all.set(session, news)
  return news
}

const all = new WeakMap<Session, News>()

type On = (event: string, listener: (data: unknown) => void) => unknown

const makeNews = (session: Session, on: On): News => {
  const courses = new Map<string, Set<Course>>()
  /** Of tasks that nobody knows: the worker may be faster than the reply that says its id. */
  const early = new Map<string, Told[]>()
  const waiting = new Set<(error?: Error) => void>()
  /** On which connection the server knows to tell of a task, as far as that was asked for. */
  const asked = new Map<string, Live>()
  let keeping = 0
  let served = 0
  let latest: Live | undefined

  const hear = (told: Told, isAnswer?: boolean) => {
    for (const course of courses.get(told.taskId) ?? []) course.heard(told, isAnswer)
  }
  const fail = (taskId: string, error: unknown) => {
    for (const course of courses.get(taskId) ?? []) course.fail(error)
  }
  /** Ask how it is, and be told from now on: the worker tells who began it, and who has asked. */
  const ask = async (taskId: string, live: Live | undefined = session.current): Promise<void> => {
    if (!live || asked.get(taskId) === live || !courses.has(taskId)) return
    asked.set(taskId, live)
    try {
      hear((await session.tell(live, '$task', { taskId })) as Told, true)
    } catch (error) {
      if (isFinal(error)) fail(taskId, error)
      if (asked.get(taskId) === live) asked.delete(taskId)
      // The next connection asks anyway.
      session.after(live, AGAIN_MS * (1 + session.random()), () => session.current === live && ask(taskId))
    }
  }
  /** Which connection is in service is said a little later than it is. */
  const look = () => {
    if (session.current && session.current !== latest) served++
    latest = session.current ?? latest
  }

  on('$task', (data) => {
    const told = Object(data) as Told
    if (courses.has(told.taskId)) hear(told)
    else if (keeping > 0) early.set(told.taskId, [...(early.get(told.taskId) ?? []), told].slice(-MAX_EARLY))
  })
  session.served = () => {
    look()
    for (const taskId of courses.keys()) void ask(taskId)
    for (const go of [...waiting]) go()
  }
  session.ends.add(async () => {
    const error = await unanswered('CLOSED', { heard: session.heard })
    for (const followed of [...courses.values()]) for (const course of [...followed]) course.fail(error)
    for (const go of [...waiting]) go(error)
  })
  /** The connection that is in service, or the next one. */
  const connection = async () => {
    while (!session.current) {
      if (session.state === 'closed') throw await unanswered('CLOSED', { heard: session.heard })
      await new Promise<void>((resolve, reject) => {
        const go = (error?: Error) => {
          waiting.delete(go)
          if (error) reject(error)
          else resolve()
        }
        waiting.add(go)
      })
    }
    return session.current
  }

  return {
    keep: () => {
      keeping++
      return () => {
        if (--keeping === 0) early.clear()
      }
    },
    follow: (taskId, course, isTold = false) => {
      courses.set(taskId, (courses.get(taskId) ?? new Set()).add(course))
      for (const told of early.get(taskId) ?? []) course.heard(told)
      if (session.state === 'closed') void unanswered('CLOSED', { heard: session.heard }).then(course.fail)
      asked.delete(taskId)
      if (isTold && session.current) asked.set(taskId, session.current)
      void ask(taskId)
    },
    leave: (taskId, course) => {
      const others = courses.get(taskId)
      others?.delete(course)
      if (others?.size !== 0) return
      courses.delete(taskId)
      asked.delete(taskId)
    },
    count: () => {
      look()
      return served + (session.current ? 0 : 1)
    },
    cancel: async (taskId) => {
      for (;;) {
        const live = await connection()
        try {
          const told = (await session.tell(live, '$cancel', { taskId })) as Told
          hear(told, true)
          return told
        } catch (error) {
          // Twice is no more than once.
          if (Object(error).code !== 'LOST') throw error
        }
      }
    },
  }
}

/** Whether the server will say the same again. */
const isFinal = (error: unknown) => error instanceof RemoteError && !PASSING.includes(error.code)
const PASSING: readonly Code[] = [
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'ABORTED',
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
]

/** Of a question that the server could not answer: so long at least until it is asked again. */
const AGAIN_MS = 5_000
/** Of one task: as many as a loop keeps. */
const MAX_EARLY = 1_000
