import type { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import type { Answer, Effect, Engine, Handled } from '../protocol/effect.ts'
import type { Policy } from '../protocol/engine.ts'
import type { Action } from '../protocol/machine.ts'
import { presentIn } from '../store/own-channels.ts'
import type { ConnectionRecord, StorePorts } from '../store/store.ts'

/** Where the engine stands: it wants the handler to run, or it is through. */
export type Standing<Result> =
  | { readonly run: Extract<Effect, { op: 'run' }> }
  | { readonly run?: undefined; readonly result: Result }

/** An engine that is on its way for one connection: performs its effects on a store. A class for the sake of speed. */
export class Drive<Result> {
  /** Why the store did not answer, when it did not. */
  cause: unknown
  /** The connection's record, as it was first read and as it was last written. */
  first: ConnectionRecord | undefined
  last: ConnectionRecord | undefined
  /** The same, as it was last seen: another message may have written it. And from where this one's writes began. */
  seen: ConnectionRecord | undefined
  base: ConnectionRecord | undefined
  /** What the memberships said of the connection that it has left, where they said something. */
  readonly notes = new Map<string, string>()
  readonly #plan: Plan
  readonly #ports: StorePorts
  readonly #connectionId: string
  readonly #engine: Engine<Result>

  constructor(plan: Plan, ports: StorePorts, connectionId: string, engine: Engine<Result>) {
    this.#plan = plan
    this.#ports = ports
    this.#connectionId = connectionId
    this.#engine = engine
  }

  /** Go on until the handler is to run, or to the end. `handled` answers the handler. */
  async on(handled?: Handled): Promise<Standing<Result>> {
    const { clock } = this.#plan
    let step = this.#engine.next({ now: clock.now(), handled })
    for (;;) {
      if (step.done) return { result: step.value }
      const effect = step.value
      if (effect.op === 'run') return { run: effect }
      let answer: Answer
      try {
        answer = await this.#perform(effect)
      } catch (error) {
        this.cause = error
        answer = { now: clock.now(), failed: true }
      }
      step = this.#engine.next(answer)
    }
  }

  async #perform(effect: Exclude<Effect, { op: 'run' }>): Promise<Answer> {
    const { clock } = this.#plan
    const { records, memberships } = this.#ports
    switch (effect.op) {
      case 'read': {
        const record = await records.read(effect.of ?? this.#connectionId)
        if (effect.of === undefined) {
          this.first ??= record
          this.#see(record)
        }
        return { now: clock.now(), record }
      }
      case 'replace':
        return this.#replace(effect)
      case 'channels': {
        const channels = await memberships.channels(effect.of ?? this.#connectionId)
        return { now: clock.now(), channels }
      }
      case 'join':
        return { applied: await memberships.join(this.#connectionId, effect.channel), now: clock.now() }
      case 'leave':
        await this.#leave(effect.of ?? this.#connectionId, effect.channel)
        break
      case 'wait':
        await clock.wait(effect.ms)
        break
      case 'act':
        act(effect.actions)
    }
    return { now: clock.now() }
  }

  #see(record: ConnectionRecord | undefined): void {
    this.seen = record
    // Somebody else's writes between its own: there is no telling them apart.
    if (!this.last || record?.version !== this.last.version) this.base = this.last ? undefined : record
  }

  async #leave(connectionId: string, channel: string): Promise<void> {
    const { memberships } = this.#ports
    const note = presentIn(channel) === undefined ? undefined : await memberships.note?.(connectionId, channel)
    if (note !== undefined) this.notes.set(channel, note)
    await memberships.leave(connectionId, channel)
  }

  async #replace({ of, version, next, changes }: Extract<Effect, { op: 'replace' }>): Promise<Answer> {
    const { records, commit } = this.#ports
    const connectionId = of ?? this.#connectionId
    const result =
      changes && commit
        ? await commit(connectionId, version, next, changes)
        : await records.replace(connectionId, version, next)
    const now = this.#plan.clock.now()
    if (!result.ok) {
      if (of === undefined) this.#see(result.current)
      return { now, record: result.current }
    }
    if (of === undefined) this.seen = this.last = next
    return { now, applied: true }
  }
}

/** Run custom actions of the machine. The state stands: what fails is told and changes nothing. */
export const act = (actions: readonly Action[], tell: (error: unknown) => void = console.error): void => {
  for (const action of actions)
    try {
      action()
    } catch (error) {
      tell(error)
    }
}

/** Go through an engine that runs no handler. */
export const driveThrough = async <Result>(
  plan: Plan,
  store: StorePorts,
  connectionId: string,
  engine: Engine<Result>,
): Promise<{ readonly result: Result; readonly driven: Drive<Result> }> => {
  const driven = new Drive(plan, store, connectionId, engine)
  const standing = await driven.on()
  return { result: resultOf(standing), driven }
}

/** What an engine that is through came to. */
export const resultOf = <Result>(standing: Standing<Result>): Result => {
  if (standing.run) throw new TypeError('The engine runs a handler that nobody asked for.')
  return standing.result
}

/** How the engine reckons with this invocation's time. */
export const policyOf = (plan: Plan, lifetime: Lifetime): Policy => ({
  deadline: (now) => now + Math.max(0, lifetime.remainingMs()) + SKEW_MS,
  canStart: () => lifetime.remainingMs() >= MIN_HANDLER_MS,
  // Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter").
  backoff: (attempt) => 1 + Math.floor(plan.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt)),
  patienceMs: Math.max(0, Math.min(PATIENCE_MS, lifetime.remainingMs() - ANSWER_MS)),
})

/**
 * A name for this attempt alone: two invocations for one message must be told apart. Part of the request's id and some
 * chance, 50 bits among the few attempts that a record knows of; short, since it remembers sixteen of them.
 */
export const tokenOf = ({ random }: Plan, requestId = ''): string => {
  // Counted besides, for those who pass a chance that is none.
  count = (count + 1) % 36 ** 2
  return requestId.slice(-6) + Math.floor(random() * 36 ** 5).toString(36) + count.toString(36)
}
let count = 0

/** Clocks of two Lambda hosts are taken to agree within this. */
const SKEW_MS = 2_000
/** A handler that could not run for this long is not started. */
const MIN_HANDLER_MS = 1_000
/** A message waits this long for another one of its connection, and keeps this much to run its handler and to answer. */
const PATIENCE_MS = 1_500
const ANSWER_MS = 1_500
const BACKOFF_BASE_MS = 20
const BACKOFF_CAP_MS = 250
