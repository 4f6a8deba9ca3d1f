import type { Scheduler } from 'fast-check'

/** What goes wrong with a call, or with two or three of them, counted from the first thing that the function waits for. */
export interface Fault {
  readonly at: number
  /** How many calls in a row are lost. A function dies only once. */
  readonly times: number
  /** The function is killed at that point. Otherwise it is told that the store did not answer. */
  readonly dies: boolean
  /** What becomes of the call: a request may be on its way when its function dies. */
  readonly lands: 'never' | 'at once' | 'later'
}

/** One invocation of a function. */
export interface Invocation {
  readonly name: string
  readonly fault: Fault | undefined
  /** Its clock is so much ahead of the others'. */
  readonly skewMs: number
  /** The store's answers take a turn too, and not only its calls. */
  readonly slow: boolean
  /** Before or after the race: it has every turn. */
  readonly calm: boolean
  readonly lifeMs: number
  /** When Lambda kills it, by the true time. Not before it has begun. */
  killAt: number
  dead: boolean
  turns: number
}

/** Time as it is for everybody, and fast-check's choice of who goes on. */
export interface Course {
  readonly scheduler: Scheduler
  /** Epoch milliseconds. */
  nowMs: number
  /** Lambda kills a function in time. Otherwise it lives on, as if its clock and the others' had nothing in common. */
  readonly mortal: boolean
}

export const isAlive = ({ nowMs, mortal }: Course, { dead, killAt }: Invocation): boolean =>
  !dead && !(mortal && nowMs >= killAt)

/** Wait for fast-check to choose this invocation. One that has died meanwhile never goes on. */
export const turn = async (course: Course, invocation: Invocation, label: string): Promise<void> => {
  if (invocation.calm) return
  await course.scheduler.schedule(READY, `${invocation.name} ${label}`)
  if (isAlive(course, invocation)) return
  invocation.dead = true
  await forever()
}

/** The same for something that a function does by itself, at which it may die. */
export const pass = async (course: Course, invocation: Invocation, label: string): Promise<void> => {
  const fault = faultOf(invocation)
  await turn(course, invocation, label)
  if (fault?.dies) await die(invocation)
}

/** Call the store when it is this invocation's turn, with what is to go wrong. */
export const call = async <Result>(
  course: Course,
  invocation: Invocation,
  label: string,
  perform: () => Promise<Result>,
): Promise<Result> => {
  const fault = faultOf(invocation)
  await turn(course, invocation, label)
  if (!fault) {
    const result = await perform()
    if (invocation.slow) await turn(course, invocation, `hears of its ${label}`)
    return result
  }
  if (fault.lands === 'at once') await perform()
  if (fault.lands === 'later') land(course, invocation, label, perform)
  if (fault.dies) await die(invocation)
  throw new LostError(`The answer of '${label}' was lost.`)
}

/** What a store says that did not answer. */
export class LostError extends Error {}

const faultOf = (invocation: Invocation): Fault | undefined => {
  const { fault } = invocation
  const at = invocation.turns++
  return fault && at >= fault.at && at < fault.at + (fault.dies ? 1 : fault.times) ? fault : undefined
}

const land = (course: Course, { name }: Invocation, label: string, perform: () => Promise<unknown>): void => {
  void course.scheduler.schedule(READY, `${name} ${label} lands`).then(perform)
}

const die = (invocation: Invocation): Promise<never> => {
  invocation.dead = true
  return forever()
}

/** A promise of its own: one that everybody waited for would keep them all. */
const forever = () => new Promise<never>(() => {})

const READY = Promise.resolve()
