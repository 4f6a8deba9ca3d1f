import type { Context as LambdaContext } from 'aws-lambda'
import type { Code } from '../errors.ts'
import type * as MISTAKES from '../mistakes.ts'
import type { Store } from '../store/store.ts'
import type { Wire } from './client.ts'
import type { Declarations } from './declarations.ts'
import type { Mistake } from './mistake.ts'
import type { Route } from './route.ts'
import type { Server } from './server.ts'

/** What `.task()` takes besides its name, its schema and its function. Tasks need a store that keeps texts. */
export type TaskOptions<D extends Declarations> = D['store'] extends Store
  ? TaskSettings<D>
  : Mistake<typeof MISTAKES.taskWithoutStore, never>

interface TaskSettings<D extends Declarations> {
  /** Where tasks wait for a worker: `sqsTasks({ … })`, `memoryTasks()`, or `tasks({ send })` for any other way. */
  readonly queue: Tasking
  /**
   * How often a task is tried. One that fails by what is no `WsError` is tried again, until it has failed so often: then
   * the client is told, and the queue keeps the job in its dead-letter queue. Let `maxReceiveCount` of the queue be one
   * more: a task whose worker is killed at its last attempt is then ended, too. For Lambda's asynchronous invocations, which
   * are 3, say 2. @default 3
   */
  readonly attempts?: number
  /** How long what is known of a task is kept, its result with it, in milliseconds. @default 86_400_000, a day */
  readonly keepMs?: number
  /** What becomes of a task whose client is gone. @default 'continue' */
  readonly onDisconnect?: 'continue' | 'cancel'
  /**
   * Say which internal event of the machine the end of the task is: applied to the connection that began it, or to the one
   * that took over from that, before the client is told. Needs a protocol. @default none
   */
  readonly ended?: [D['internal']] extends [never]
    ? Mistake<typeof MISTAKES.noInternal, never>
    : (end: TaskEnd) => D['internal']
}

/** How a task has ended. */
export interface TaskEnd {
  readonly taskId: string
  /** The name of its route. */
  readonly name: string
  readonly outcome: 'done' | 'failed' | 'cancelled'
  /** Of the error, where it has failed. */
  readonly code: Code | undefined
}

/** What the function of a task is given. */
export interface TaskContext<D extends Declarations, Data> extends TaskFacts {
  /** What the message carried, as the route's schema gave it, after a trip through JSON: a `Date` is a text by then. */
  readonly data: Wire<Data>
  /** What the authorizer of the connection that began it returned, as the schema of `.authorizer()` gave it, after such a trip. */
  readonly authorizer: Wire<D['authorizer']>
  /** Reach connections. */
  readonly server: Server<D>
}

/** What is known of a task, whatever was declared. */
export interface TaskFacts {
  /** Tells it from the phases of a connection. */
  readonly phase: 'task'
  /** Whoever knows it may ask for the result, and cancel the task. */
  readonly taskId: string
  /** The name of the route. */
  readonly name: string
  readonly data: unknown
  readonly authorizer: unknown
  /** The connection that began the task. It may be gone. */
  readonly connection: {
    readonly id: string
    /** Whose it was then, as `identify()` said. Known where its message knew it: under a protocol, and with `.connection(schema)`. */
    readonly userId: string | undefined
  }
  /** 1 for the first. */
  readonly attempt: number
  /** The same for every attempt at this task, and for no other: a key for payments and other writes elsewhere. */
  readonly idempotencyKey: string
  /**
   * Tell the client how far the task is, from 0 to 1. Resolves when it was told, or is gone; rejects with the reason of
   * `signal` when that has aborted, and with a `RangeError` for what is no fraction.
   */
  readonly progress: (fraction: number, note?: string) => Promise<void>
  /**
   * Aborts when the task is cancelled, within about 2 seconds, or with a step that `progress()` tells a second or more after
   * the last look; and half a second before Lambda kills the worker.
   */
  readonly signal: AbortSignal
  /** The Lambda invocation of the worker. `undefined` where it is none. */
  readonly lambda: LambdaContext | undefined
}

/** What `sqsTasks()` and its like return. It brings the code that it needs; an application without it carries none of that. */
export interface Tasking {
  readonly '~task': (...given: never) => readonly unknown[]
}

/** A route whose reply says which task has begun, and whose result comes later. */
export interface TaskRoute<Name extends string = string, Input = unknown, Result = unknown>
  extends Route<Name, Input, { readonly taskId: string }, never> {
  readonly result: Result
}
