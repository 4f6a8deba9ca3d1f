import type * as MISTAKES from '../mistakes.ts'
import type { OutputOf } from '../schema.ts'
import type { AppLike } from './app.ts'
import type { PushMap } from './declarations.ts'
import type { Mistake } from './mistake.ts'

/** A connection from the client's side, typed from the built application. */
export type Client<A extends AppLike> = ClientOf<RoutesOf<A>, PushesOf<A>, keyof RoutesOf<A>, SnapshotOf<A>>

/** `Names` is apart so that it is worked out once per client, not once per message. */
interface ClientOf<R extends object, P extends PushMap, Names extends keyof R, Snapshot> {
  /**
   * Send a message. Resolves with the reply of its route. Rejects with a `RemoteError` where it is refused, with a
   * `ClientError` where no answer comes, and with the signal's reason where that aborts.
   */
  send<const N extends Names>(name: N, ...given: Given<R, N>): Promise<Reply<R, N>>
  /**
   * Send a message, and follow the steps on the way to its reply. The last 1,000 are kept for a slow loop. Leaving the loop
   * aborts the message: its `reply` then rejects, unless it is there.
   */
  stream<const N extends Names>(name: N, ...given: Given<R, N>): Stream<Progress<R, N>, Reply<R, N>>
  /** Listen to a push. Call what is returned to stop. */
  on<const N extends keyof P & string>(name: N, listener: (data: OutputOf<P[N]>) => void): () => void
  /** The next push of this name. Rejects when the client is closed, or the signal aborts. */
  once<const N extends keyof P & string>(name: N, options?: { readonly signal?: AbortSignal }): Promise<OutputOf<P[N]>>
  /** The pushes of this name, from now on, until the loop is left or the client is closed. The last 1,000 are kept for a slow loop. */
  pushes<const N extends keyof P & string>(name: N): AsyncIterableIterator<OutputOf<P[N]>>
  /** Whether the machine allows the message now, as far as the client knows. Without `protocol` everything is. */
  can<const N extends Names>(name: N, ...data: Partial<Data<R, N>>): boolean
  /** The mirrored machine's snapshot. `undefined` before the first connection, and without `protocol`. */
  readonly snapshot: Snapshot | undefined
  readonly state: ClientState
  /** Why it was closed for good: what the server said in `$bye`, where it did. */
  readonly farewell: Farewell | undefined
  /** Be told when `state` or `snapshot` is another one. Call what is returned to stop. */
  subscribe(listener: () => void): () => void
  /** Disconnect for good. What has no answer is rejected. */
  close(): void
  /** Exists only for the type checker: what a task of it infers from. */
  readonly '~routes'?: R
}

/**
 * `connecting`: the first connection is being made. `open`: ready, messages leave. `waiting`: the connection was lost, and
 * the next one is waited for or being made. `closed`: for good.
 */
export type ClientState = 'connecting' | 'open' | 'waiting' | 'closed'

/** What the server said before it closed the connection. */
export interface Farewell {
  /** `OK`, or the code of an error. */
  readonly code: string
  readonly message: string
}

/** Steps on the way to a reply. */
export interface Stream<Step, Returned> extends AsyncIterableIterator<Step> {
  /** The reply itself. */
  readonly reply: Promise<Returned>
}

/**
 * A task that runs on the server's side: its result, and in a loop the steps on the way there. The last 1,000 are kept, and
 * each loop has all of them. A promise of it that nobody waits for fails nobody.
 */
export interface ClientTask<Result> extends AsyncIterable<TaskStep> {
  /** Its id, once the server has taken it. Whoever knows it can follow the task, and cancel it. */
  readonly id: Promise<string>
  /**
   * What its function has returned. Rejects with a `RemoteError` where it has failed, `ABORTED` where it was cancelled, and
   * `NOT_FOUND` where nobody knows it any more; with a `ClientError` where the client is closed, though the task goes on.
   */
  readonly result: Promise<Result>
  /** As last heard. */
  readonly state: TaskState
  /**
   * Ask the server to stop it. Resolves with its state once the server knows: `running` until its function has heard of it,
   * and how it ended where it was over before.
   */
  cancel(): Promise<TaskState>
}

/**
 * `starting`: the server has not said yet that it has taken the task. `queued`: nobody runs it yet. `failed`: its function
 * has, or the server refused to start it. `unfollowed`: this client hears no more of it, and `result` says why: the client
 * was closed, it is not known whether the server has taken the task, or nobody knows it any more. One that runs goes on.
 */
export type TaskState = 'starting' | 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'unfollowed'

/** How far a task is. */
export interface TaskStep {
  /** From 0 to 1. */
  readonly fraction: number
  readonly note?: string
}

export interface SendOptions {
  /** How long the answer may take, from now on; each step of a stream begins it anew. @default that of `connect()` */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export type RoutesOf<A extends AppLike> = NonNullable<A['~types']>['routes']
export type PushesOf<A extends AppLike> = NonNullable<A['~types']>['pushes']
export type SnapshotOf<A extends AppLike> = NonNullable<A['~types']>['snapshot']

/** `client.send`, by itself. */
export type Sending<A extends AppLike> = ClientOf<RoutesOf<A>, PushesOf<A>, keyof RoutesOf<A>, unknown>['send']

/** What is passed after the name of a route: no argument at all where there is nothing to send. */
export type Data<R, N extends keyof R> = R[N] extends { readonly input: infer Input }
  ? [Input] extends [undefined]
    ? []
    : undefined extends Input
      ? [data?: Input]
      : [data: Input]
  : never

/** The same, and options after it. */
export type Given<R, N extends keyof R> = R[N] extends { readonly input: infer Input }
  ? undefined extends Input
    ? [data?: Input, options?: SendOptions]
    : [data: Input, options?: SendOptions]
  : never

export type Reply<R, N extends keyof R> = R[N] extends { readonly reply: infer Returned } ? Wire<Returned> : never
export type Progress<R, N extends keyof R> = R[N] extends { readonly progress: infer Step } ? Wire<Step> : never

/** A client, to whom its messages are known. */
export interface Tasked {
  readonly '~routes'?: object
}
export type RoutesIn<C extends Tasked> = NonNullable<C['~routes']>

/** The routes that are tasks. */
export type TasksOf<R> = { [N in keyof R]: R[N] extends { readonly result: unknown } ? N : never }[keyof R] & string

/** Nothing to add for a route that is one. */
export type CheckTask<R, N> = N extends TasksOf<R> ? unknown : Mistake<typeof MISTAKES.noTask, TasksOf<R>>

export type ResultOf<R, N> = N extends keyof R
  ? R[N] extends { readonly result: infer Result }
    ? Wire<Result>
    : never
  : never

/** What a value becomes after a trip through JSON. Bytes come through with `binary()`. */
export type Wire<T> = T extends string | number | boolean | null | undefined | void | Uint8Array
  ? T
  : T extends { toJSON(): infer J }
    ? J
    : T extends (...args: never) => unknown
      ? never
      : T extends readonly unknown[]
        ? { [K in keyof T]: Wire<T[K]> }
        : T extends object
          ? { [K in keyof T as T[K] extends (...args: never) => unknown ? never : K]: Wire<T[K]> }
          : T
