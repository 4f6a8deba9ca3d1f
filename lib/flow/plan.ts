import type { Api } from '../event/event.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Schema } from '../schema.ts'
import type { Clock, Limits, Options, Warning } from '../types/options.ts'
import type { Codec } from '../wire/codec.ts'
import type { State } from './state.ts'

/** A whole application, compiled: what the way of a message reads and never changes. */
export interface Plan {
  readonly routes: ReadonlyMap<string, Route>
  /** `onDefault`. */
  readonly fallback: Route | undefined
  readonly connect: Run
  readonly disconnect: Run
  readonly onError: ((error: unknown, context: object) => unknown) | undefined
  readonly pushes: Readonly<Record<string, Schema>>
  /** Comes with the store. */
  readonly state: State | undefined
  readonly codec: Codec
  readonly limits: Limits
  /** A `Fanout` of state/spread.ts. */
  readonly fanout: unknown
  readonly replies: NonNullable<Options['replies']>
  readonly routeBy: NonNullable<Options['routeBy']>
  /**
   * The gateway that reaches the connection of an event; without an event, the one that was last used or named. As it
   * is, each post one message: `reach()` is the one to send through.
   */
  readonly gatewayOf: (api?: Api) => Gateway
  /** The same gateway, with a frame in as many posts as the codec says. */
  readonly carrying: (gateway: Gateway) => Gateway
  /** The server's side of what a gateway reaches. */
  readonly serverOf: (gateway: Gateway) => unknown
  readonly clock: Required<Clock>
  readonly random: () => number
  readonly warn: (warning: Warning) => void
}

export interface Route {
  readonly name: string
  readonly input: Schema | undefined
  readonly reply: Schema | undefined
  readonly exclusive: boolean
  /** What its handler says on the way. `undefined` where it says nothing. */
  readonly progress?: Schema | undefined
  /** Its handler may run once more for a message that was applied: what that began it begins once, and says again. */
  readonly again?: boolean
  /** Of the library's own, beside the order of messages: not claimed, and nothing is read for it. */
  readonly free?: true
  /** The handler with its middleware around it. */
  readonly run: Run
}

export type Run = (context: object) => unknown
