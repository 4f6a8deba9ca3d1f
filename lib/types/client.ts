import type { OutputOf } from '../schema.ts'
import type { AppLike } from './app.ts'
import type { PushMap } from './declarations.ts'

/** A connection from the client's side, typed from the built application. */
export type Client<A extends AppLike> = ClientOf<RoutesOf<A>, PushesOf<A>, keyof RoutesOf<A>>

/** `Names` is apart so that it is worked out once per client, not once per message. */
interface ClientOf<R extends object, P extends PushMap, Names extends keyof R> {
  /** Send a message. Resolves with the reply of its route, rejects with its error. */
  send<const N extends Names>(name: N, ...data: Data<R, N>): Promise<Reply<R, N>>
  /** Listen to a push. Call what is returned to stop. */
  on<const N extends keyof P & string>(name: N, listener: (data: OutputOf<P[N]>) => void): () => void
  /** Disconnect. */
  close(): void
}

export type RoutesOf<A extends AppLike> = NonNullable<A['~types']>['routes']
export type PushesOf<A extends AppLike> = NonNullable<A['~types']>['pushes']

/** What is passed after the name of a route: no argument at all where there is nothing to send. */
export type Data<R, N extends keyof R> = R[N] extends { readonly input: infer Input }
  ? [Input] extends [undefined]
    ? []
    : undefined extends Input
      ? [data?: Input]
      : [data: Input]
  : never

export type Reply<R, N extends keyof R> = R[N] extends { readonly reply: infer Returned } ? Wire<Returned> : never

/** What a value becomes after a trip through JSON. */
export type Wire<T> = T extends string | number | boolean | null | undefined | void
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
