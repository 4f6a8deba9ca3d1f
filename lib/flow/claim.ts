import type { MessageEvent } from '../event/event.ts'
import type { ConnectionRecord } from '../store/store.ts'
import type { Handled } from './handle.ts'
import type { Parsed } from './parse.ts'
import type { Plan, Route } from './plan.ts'
import type { Received } from './receive.ts'

/** The leave to run a handler. */
export interface Claimed {
  /** Makes the state of the connection's machine before the message. `undefined` without a protocol. */
  readonly snapshot: (() => unknown) | undefined
  /** The message changes the state: what its handler sends waits until that is stored. */
  readonly exclusive: boolean
  /** What is stored of the connection, where that was read. */
  readonly record?: ConnectionRecord | undefined
  /** The first connection of a row in which each took over from the one before. */
  readonly session?: string | undefined
  /** Under a protocol: store what the handler has earned. Rejects when nothing is stored. */
  readonly commit: ((handled: Handled) => Promise<void>) | undefined
}

/**
 * Say whether a message may happen now. Without a protocol every message may, and nothing is read or written; with one,
 * `state/claim.ts` asks it.
 */
export const claim = (
  plan: Plan,
  received: Received<MessageEvent>,
  route: Route,
  parsed: Parsed,
  data: unknown,
): Claimed | Promise<Claimed> => (!route.free && plan.state?.claim?.(plan, received, route, parsed, data)) || FREE

export const FREE: Claimed = { snapshot: undefined, exclusive: false, commit: undefined }
