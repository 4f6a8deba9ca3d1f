import { isShared, type Name } from './app.ts'

/** Somebody's connection, and what has happened on it. */
export interface Course {
  readonly id: string
  readonly attempts: Attempt[]
  /** What was wrong while it happened. */
  readonly wrongs: string[]
  /** Its time is so much ahead: functions were frozen. */
  aheadMs: number
  /** Posts meet a 410. */
  gone: boolean
  /** Its `$disconnect` was handled. */
  ended: boolean
  /** Messages whose peer still waits for an answer, and how many of them have a frozen function. */
  waiting: number
  frozen: number
  /** How many handlers have begun that hold the connection. */
  begun: number
  /** To be woken when something happens. */
  readonly watchers: (() => void)[]
}

/** One invocation of a function, for one message. A repetition is another one. */
export interface Attempt {
  readonly course: Course
  readonly name: Name
  readonly id: string
  /** What its commit is marked with: the id of its request. */
  readonly token: string
  /** Its function is frozen in the middle of the handler, until it is past its time. */
  readonly freezes: boolean
  /** It arrived after the end. */
  readonly late: boolean
  /** The state that its handler began in. */
  began: string | undefined
  ended: boolean
  /** It was frozen. */
  dead: boolean
  /** What it answered: `OK`, the code of an error, or `gone`. */
  readonly told: string[]
  /** How many pushes left. */
  pushed: number
}

export const newCourse = (id: string): Course => ({
  id,
  attempts: [],
  wrongs: [],
  aheadMs: 0,
  gone: false,
  ended: false,
  waiting: 0,
  frozen: 0,
  begun: 0,
  watchers: [],
})

/** Resolves when something happens on a connection. */
export const news = ({ watchers }: Course) => new Promise<void>((resolve) => watchers.push(resolve))

/** Something has happened. */
export const stir = ({ watchers }: Course) => {
  for (const wake of watchers.splice(0)) wake()
}

/** A handler begins, in a state. */
export const begins = (attempt: Attempt, state: string) => {
  const { course, name, late } = attempt
  if (late) course.wrongs.push(`'${name}' ran after the end`)
  if (!isShared(name)) {
    course.begun++
    for (const other of course.attempts)
      if (isRunning(other)) course.wrongs.push(`'${name}' ran beside '${other.name}'`)
  }
  attempt.began = state
  stir(course)
}

const isRunning = ({ name, began, ended, dead }: Attempt) => began !== undefined && !ended && !dead && !isShared(name)

/** A handler is through. */
export const ends = (attempt: Attempt) => {
  attempt.ended = true
  stir(attempt.course)
}

/**
 * The function is frozen, as Lambda freezes one that has had its time. It wakes when another one has taken over, or when
 * nobody else is left to do so.
 */
export const freeze = async (attempt: Attempt, pastMs: number) => {
  const { course } = attempt
  const { begun } = course
  attempt.dead = true
  course.frozen++
  course.aheadMs += pastMs
  while (course.begun === begun && course.waiting > course.frozen) await news(course)
  course.frozen--
}
