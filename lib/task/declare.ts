import type { Layer } from '../flow/middleware.ts'
import type { Route, Run } from '../flow/plan.ts'
import type { Application } from '../flow/state.ts'
import { mistake, need, needFunctions, needKeys, noInternal, ownProgress, taskWithoutStore } from '../mistakes.ts'
import type { Schema } from '../schema.ts'
import type { Store } from '../store/store.ts'
import type { TaskEnd } from '../types/task.ts'
import { askAfter, cancel, TASK_ID } from './ask.ts'
import { start } from './start.ts'
import type { Task, TaskQueue } from './task.ts'

/** What is read of a chain: what it says before its first route. */
interface Declared {
  readonly store?: Store
  readonly protocol?: Application['protocol']
}

/**
 * Take `.task(name, spec, options, run)`: what is left is an ordinary route, whose handler begins the task. Throws a
 * TypeError, in a sentence, for what the types would have refused.
 */
export const declare = (
  queue: TaskQueue,
  parts: Declared,
  name: string,
  spec: unknown,
  options: TaskGiven,
  run: unknown,
): readonly [spec: { readonly '~route': object }, handler: Run] => {
  const where = `the task '${name}'`
  checkParts(parts, where)
  const { attempts = 3, keepMs = DAY_MS, onDisconnect = 'continue', ended } = checkOptions(options, parts, where)
  need(typeof run === 'function', 'A function', where)
  const { reply, progress, use = [], ...rest } = detailsOf(spec)
  if (progress !== undefined) throw mistake(ownProgress, where)
  if (reply !== undefined) checkSchema(reply, `${where}: reply`)
  const task: Task = {
    name,
    queue,
    attempts,
    keepMs,
    onDisconnect,
    ended,
    // A cast each: it was checked, as far as anything can be.
    reply: reply as Schema | undefined,
    run: run as Task['run'],
  }
  const { tasks, layer } = broughtBy(parts)
  tasks.set(name, task)
  return [
    { '~route': { ...rest, use: [...[use].flat(), layer] } },
    Object.assign((context: object) => start(task, context), { '~again': true }),
  ]
}

type Details = Readonly<Record<'input' | 'reply' | 'progress' | 'use' | 'exclusive', unknown>>

/** What `route()` was given, or the schema of the data alone. */
const detailsOf = (spec: unknown): Partial<Details> => Object(spec)['~route'] ?? { input: spec }

/** Options as plain JavaScript may pass them. */
export type TaskGiven = Readonly<Record<'queue' | 'attempts' | 'keepMs' | 'onDisconnect' | 'ended', unknown>>

type Options = Partial<Pick<Task, 'attempts' | 'keepMs' | 'onDisconnect'>> & {
  readonly ended?: (end: TaskEnd) => unknown
}

const checkParts = ({ store }: Declared, where: string) => {
  if (!store) throw mistake(taskWithoutStore, where)
  if (!store.blobs) throw mistake('Tasks need a store that keeps texts.', `blobs of .store(), for ${where}`)
}

const checkOptions = (options: TaskGiven, { protocol }: Declared, where: string): Options => {
  needKeys(where, options, ['queue', 'attempts', 'keepMs', 'onDisconnect', 'ended'], '.task() has no such option.')
  const { attempts = 1, keepMs = 1, onDisconnect = 'continue', ended } = options
  need(
    Number.isInteger(attempts) && Number(attempts) >= 1 && Number(attempts) <= MAX_ATTEMPTS,
    `A whole number from 1 to ${MAX_ATTEMPTS}`,
    `${where}: attempts`,
  )
  need(Number.isFinite(keepMs) && Number(keepMs) > 0, 'A number of milliseconds above 0', `${where}: keepMs`)
  need(['continue', 'cancel'].includes(onDisconnect as string), "'continue' or 'cancel'", `${where}: onDisconnect`)
  if (ended === undefined) return options as Options
  needFunctions(where, { ended })
  const { internal = [] }: { readonly internal?: readonly unknown[] } = Object(protocol?.options)
  if (internal.length === 0) throw mistake(noInternal, `${where}: ended`)
  return options as Options
}

const checkSchema = (schema: unknown, where: string) =>
  need(typeof Object(Object(schema)['~standard']).validate === 'function', 'A schema', where)

/** What the tasks of a chain have in common: two routes that come with any of them. One for each `build()`. */
const broughtBy = (parts: Declared) => {
  const found = brought.get(parts)
  if (found) return found
  const tasks = new Map<string, Task>()
  const asking: readonly BroughtRoute[] = [
    { name: '$task', input: TASK_ID, run: askAfter, tasks },
    { name: '$cancel', input: TASK_ID, run: cancel },
  ]
  // It stands around the routes of tasks alone, and only so that they are brought.
  const layer: Layer = Object.assign((_: object, next: () => Promise<object>) => next(), { '~routes': asking })
  const made = { tasks, layer }
  brought.set(parts, made)
  return made
}

interface BroughtRoute extends Pick<Route, 'name' | 'input' | 'run'> {
  /** Where a worker finds them: `tasksOf()`. */
  readonly tasks?: ReadonlyMap<string, Task>
}

const brought = new WeakMap<object, { readonly tasks: Map<string, Task>; readonly layer: Layer }>()

const DAY_MS = 24 * 60 * 60 * 1_000
/** `maxReceiveCount` of a queue goes that far (SQS, CreateQueue, RedrivePolicy). */
const MAX_ATTEMPTS = 1_000
