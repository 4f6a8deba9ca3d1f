import type { OutputOf } from '../schema.ts'
import type { AppLike } from './app.ts'

/** A connection from the client's side, typed from the built application. */
export interface Client<A extends AppLike> {
  /** Send a message. Resolves with the reply of its route, rejects with its error. */
  send<const N extends keyof RoutesOf<A> & string>(
    name: N,
    ...data: Data<InputOfRoute<A, N>>
  ): Promise<Wire<ReplyOfRoute<A, N>>>
  /** Listen to a push. Call what is returned to stop. */
  on<const N extends keyof PushesOf<A> & string>(
    name: N,
    listener: (data: OutputOf<PushesOf<A>[N]>) => void,
  ): () => void
  /** Disconnect. */
  close(): void
}

type RoutesOf<A extends AppLike> = NonNullable<A['~types']>['routes']
type PushesOf<A extends AppLike> = NonNullable<A['~types']>['pushes']
type InputOfRoute<A extends AppLike, N extends keyof RoutesOf<A>> = RoutesOf<A>[N] extends { readonly input: infer I }
  ? I
  : never
type ReplyOfRoute<A extends AppLike, N extends keyof RoutesOf<A>> = RoutesOf<A>[N] extends { readonly reply: infer O }
  ? O
  : never

/** No argument at all where there is nothing to send. */
type Data<Input> = [Input] extends [undefined] ? [] : undefined extends Input ? [data?: Input] : [data: Input]

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
