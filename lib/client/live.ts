import type { ClientState, Farewell } from '../types/client.ts'
import type { Lane } from './lane.ts'
import type { Link } from './link.ts'
import type { Asking, Requests } from './requests.ts'
import type { Settings } from './settings.ts'

/** A connection, while it is made ready, in service, and listened to after that. */
export interface Live {
  readonly link: Link
  /** What makes it ready, apart from what the user sends. */
  readonly lane: Lane
  readonly timers: unknown[]
  /** Since when it is in service. */
  servedAt?: number
  /** Another one is in service in its place. */
  isRetired?: boolean
  /** The server said that it will close it. */
  bye?: Farewell
  /** Called when it is lost: whoever makes it ready waits no longer. */
  fail: (error: Error) => void
}

/** One connection after the other, seen as one: what the code that is loaded later works on. */
export interface Session extends Settings {
  readonly main: Lane
  readonly requests: Requests
  /** Whether a message may change the state. */
  readonly changes: (name: string) => boolean
  /** The connection that is in service. */
  current?: Live | undefined
  state: ClientState
  /** What was last heard of trouble. */
  heard: string
  isDialling?: boolean
  /** Attempts in a row, and the wait before the next one. */
  attempts: number
  waiting?: unknown
  /** Called when one less is on its way. */
  landed?: (() => void) | undefined
  /** Called when another connection is in service. */
  served?: (() => void) | undefined
  /** Called once, when it is closed for good. */
  readonly ends: Set<() => void>
  /** Make a connection and put it into service, in place of one that may still be open. */
  readonly dial: (old?: Live) => Promise<void>
  /** Tell whoever watches, where there is something new. */
  readonly show: (state: ClientState) => void
  readonly finish: (bye?: Farewell) => void
  /** Run something later, as long as the connection is there. */
  readonly after: (live: Live, ms: number, run: () => unknown) => void
  /** Whether the next connection may go on where this one was. */
  readonly mayRecover: () => boolean
  readonly isAlive: (live: Live) => boolean
  /** Say something of the library's own, beside what the user says. */
  readonly tell: (live: Live, name: string, data?: unknown, options?: Asking) => Promise<unknown>
}
