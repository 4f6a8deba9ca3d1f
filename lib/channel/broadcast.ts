import type { Delivery } from '../gateway/gateway.ts'
import { Cast } from './cast.ts'
import { Source } from './source.ts'

/** Counts of what came of a broadcast. */
export interface Sent {
  /** Connections that API Gateway took the message for. */
  readonly delivered: number
  /** Connections that were no longer there. They are members no more. */
  readonly gone: number
  /** Connections that API Gateway still throttled at the last attempt. Nothing was delivered. */
  readonly throttled: number
  /** Connections that could not be reached: refused, or the outcome is unknown. */
  readonly failed: number
  /** Connections whose turn did not come in time. A queue has them, where `fanout()` is declared; otherwise nobody has. */
  readonly deferred: number
}

/** One frame for many connections. */
export interface Round {
  readonly members: AsyncIterable<string> | Iterable<string>
  /** Connections to leave out. */
  readonly except: ReadonlySet<string>
  /** One attempt. It should end when the signal aborts; nobody waits for it any longer. */
  readonly post: (connectionId: string, signal: AbortSignal) => Promise<Delivery>
  /** Forget one that met a 410. */
  readonly gone: (connectionId: string) => Promise<unknown>
  /** Told of the first failure of each kind: ten thousand equal ones are one line in a log. */
  readonly onFailure: (error: unknown, connectionId: string) => void
  /** Waits between the attempts at one that is throttled. */
  readonly clock: { readonly wait: (ms: number) => Promise<unknown> }
  /** Between 0 and 1: which part of the longest wait is waited. */
  readonly random: () => number
  /** Milliseconds left to this function. @default as long as it takes */
  readonly remainingMs?: (() => number) | undefined
  /** Aborts when nobody shall be tried any more. What is under way goes on to its end. */
  readonly signal?: AbortSignal | undefined
  /** Told of each one that is left for later. */
  readonly defer?: ((connectionId: string) => void) | undefined
  /** How long one attempt may take, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number | undefined
}

/**
 * Send to many, up to fifty at a time. Whoever is slow, full or gone holds up its own place and nobody else's. Memory
 * does not grow with the members.
 *
 * ```ts
 * const members = membersOf(memberships, 'lobby')
 * const { delivered, gone } = await broadcast({ members, except, post, gone: forget, onFailure, clock, random })
 * ```
 *
 * When time runs out, whoever is known by then is `deferred`: all of a list; of members that come in pages those of the
 * page at hand, or else of the next one, so that the count is 0 only where everyone had a turn.
 *
 * Rejects with a `BroadcastError` when the members cannot be read on.
 */
export const broadcast = async (round: Round): Promise<Sent> => {
  const cast = new Cast(round)
  const source = new Source(round.members)
  let broken: { readonly by: unknown } | undefined
  for (;;) {
    const step = await source.next(cast.isOver()).catch((by: unknown) => {
      broken = { by }
    })
    if (!step || step.done) break
    if (!round.except.has(step.value)) await cast.say(step.value)
  }
  const sent = await cast.end()
  if (broken) throw new BroadcastError(sent, broken.by)
  return sent
}

/** The members of a channel could not be read to the end. `sent` counts what became of those who were. */
export class BroadcastError extends Error {
  override readonly name = 'BroadcastError'
  readonly sent: Sent

  constructor(sent: Sent, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`The broadcast stopped after ${sent.delivered} deliveries: its next members could not be read (${why}).`, {
      cause,
    })
    this.sent = sent
  }
}
