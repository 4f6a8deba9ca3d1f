import type { Context as LambdaContext } from 'aws-lambda'
import type { Code, PeerError } from '../errors.ts'
import type { Api } from '../event/event.ts'
import type { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import type { Schema } from '../schema.ts'
import type { TaskEnd } from '../types/task.ts'

/** A task of an application, as `.task()` declared it. */
export interface Task {
  readonly name: string
  readonly queue: TaskQueue
  readonly attempts: number
  readonly keepMs: number
  readonly onDisconnect: 'continue' | 'cancel'
  readonly ended: ((end: TaskEnd) => unknown) | undefined
  /** Checks the result, and shapes it. */
  readonly reply: Schema | undefined
  readonly run: (context: object) => unknown
}

/** Where tasks wait for a worker. */
export interface TaskQueue {
  /** Put a job in. A rejection says that it may not be in it. The plan is for a queue that is worked on right here. */
  readonly send: (job: TaskJob, plan: Plan) => Promise<void>
  /** Keep a job that is being worked on from others for so many seconds from now on: `record` is as the queue gave it. */
  readonly hold?: (record: { readonly receiptHandle: string }, seconds: number) => Promise<void>
}

/** A task that waits, as it travels: plain JSON. */
export interface TaskJob {
  readonly kind: 'task'
  readonly taskId: string
  readonly name: string
  readonly data?: unknown
  /** The connection that began it. */
  readonly connectionId: string
  readonly api: Api
  /** The same for every attempt. */
  readonly idempotencyKey: string
  readonly attempts: number
  readonly keepMs: number
}

/** One attempt at a job: what `workOn(plan, job, attempt)` is given besides. */
export interface Attempt {
  /** 1 for the first. A function is asked once the task is this worker's to run. */
  readonly attempt: number | (() => Promise<number>)
  /** The invocation of the worker, where it is one. */
  readonly lambda?: LambdaContext | undefined
  readonly lifetime: Lifetime
  /** As the queue gave it, for `hold`. */
  readonly record?: { readonly receiptHandle: string }
  /**
   * What beats beside the function waits by this, where it is given: in a test time stands still while anybody works, and
   * passes by itself while all that is under way waits by `plan.clock`. A heartbeat must be neither. @default plan.clock.wait
   */
  readonly pulse?: (ms: number) => Promise<void>
}

/** The tasks of an application: brought along by its route `$task`. */
export const tasksOf = ({ routes }: Pick<Plan, 'routes'>): ReadonlyMap<string, Task> => {
  const route = routes.get('$task') as { readonly tasks?: ReadonlyMap<string, Task> } | undefined // by lib/task/declare.ts
  return route?.tasks ?? new Map()
}

/** What is kept of a task, a text for each, so that no two writers share one. */
export const keysOf = (taskId: string) => {
  const whole = `task/${taskId}`
  return {
    /** What it is: a `Begun`. By who starts it; once more, as it was, with the end, so that it is kept no longer than that. */
    begun: whole,
    /** It is to stop. By who cancels. */
    cancel: `${whole}/cancel`,
    /** How far it is: a `Step`. By its worker. */
    step: `${whole}/step`,
    /** Somebody runs it. Renewed while it does. */
    run: `${whole}/run`,
    /** How it ended: an `Ended`. By its worker. */
    end: `${whole}/end`,
    /** The machine and the followers know of the end. By its worker. */
    told: `${whole}/told`,
  } as const
}

/** For so long is kept what a task has come to, in whole seconds. */
export const keepSeconds = (keepMs: number): number => Math.ceil(keepMs / 1_000)

/** For so long is kept what is needed until then: it has a day besides, to wait for a worker and to run. */
export const openSeconds = (keepMs: number): number => keepSeconds(keepMs) + 86_400

export interface Begun {
  readonly name: string
  readonly connectionId: string
  readonly api: Api
  readonly keepMs: number
  // Who has asked for it, until it has ended. Here and not in the job: whoever writes to the queue cannot say it.
  /** As `connection.identify()` said. */
  readonly userId?: string
  /** As the schema of `.authorizer()` gave it. */
  readonly authorizer?: unknown
}

export interface Step {
  readonly fraction: number
  readonly note?: string
}

export type Ended =
  | { readonly state: 'done'; readonly result?: unknown }
  | { readonly state: 'failed'; readonly error: PeerError & { readonly code: Code } }
  | { readonly state: 'cancelled' }

/** What a client hears of its task: as the push `$task`, and as the reply to `$task` and `$cancel`. */
export type Told = { readonly taskId: string; readonly name: string } & (
  | { readonly state: 'queued' }
  | ({ readonly state: 'running' } & Partial<Step>)
  | Ended
)
