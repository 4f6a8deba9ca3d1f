import type { Lifetime } from '../flow/lifetime.ts'
import type { Plan } from '../flow/plan.ts'
import type { Answer, Effect, Engine, Handled } from '../protocol/effect.ts'
import type { Policy } from '../protocol/engine.ts'
import type { Action } from '../protocol/machine.ts'
import type { ConnectionRecord, StorePorts } from '../store/store.ts'

/** Where the engine stands: it wants the handler to run, or it is through. */
export type Standing<Result> =
  | { readonly run: Extract<Effect, { op: 'run' }> }
  | { readonly run?: undefined; readonly result: Result }

/** An engine that is on its way for one connection. */
export interface Drive<Result> {
  /** Go on until the handler is to run, or to the end. `handled` answers the handler. */
  readonly on: (handled?: Handled) => Promise<Standing<Result>>
  /** Why the store did not answer, when it did not. */
  readonly cause: () => unknown
  /** The connection's record, as it was first read and as it was last written. */
  readonly first: () => ConnectionRecord | undefined
  readonly last: () => ConnectionRecord | undefined
}

/** Perform the effects of an engine on a store. */
export const drive = <Result>(
  { clock }: Plan,
  { records, memberships, commit }: StorePorts,
  connectionId: string,
  engine: Engine<Result>,
): Drive<Result> => {
  let cause: unknown
  let first: ConnectionRecord | undefined
  let last: ConnectionRecord | undefined

  const replace = async ({ of = connectionId, version, next, changes }: EffectOf<'replace'>): Promise<Given> => {
    const result =
      changes && commit ? await commit(of, version, next, changes) : await records.replace(of, version, next)
    if (!result.ok) return { record: result.current }
    if (of === connectionId) last = next
    return { applied: true }
  }
  const read = async ({ of = connectionId }: EffectOf<'read'>): Promise<Given> => {
    const record = await records.read(of)
    if (of === connectionId) first ??= record
    return { record }
  }
  const perform = async (effect: Exclude<Effect, { op: 'run' }>): Promise<Given> => {
    try {
      if (effect.op === 'read') return await read(effect)
      if (effect.op === 'replace') return await replace(effect)
      if (effect.op === 'wait') await clock.wait(effect.ms)
      else if (effect.op === 'act') act(effect.actions)
      else if (effect.op === 'join') await memberships.join(connectionId, effect.channel)
      else if (effect.op === 'leave') await memberships.leave(effect.of ?? connectionId, effect.channel)
      else return { channels: await memberships.channels(effect.of ?? connectionId) }
    } catch (error) {
      cause = error
      return { failed: true }
    }
    return {}
  }

  return {
    cause: () => cause,
    first: () => first,
    last: () => last,
    on: async (handled) => {
      let step = engine.next({ ...(handled && { handled }), now: clock.now() })
      for (;;) {
        if (step.done) return { result: step.value }
        if (step.value.op === 'run') return { run: step.value }
        step = engine.next({ ...(await perform(step.value)), now: clock.now() })
      }
    },
  }
}

type Given = Omit<Answer, 'now'>
type EffectOf<Op extends Effect['op']> = Extract<Effect, { op: Op }>

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
  const driven = drive(plan, store, connectionId, engine)
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
 * chance, 63 bits among the few attempts that a record knows of; short, since it remembers sixteen of them.
 */
export const tokenOf = ({ random }: Plan, requestId = ''): string =>
  requestId.slice(-8) + Math.floor(random() * 36 ** 6).toString(36)

/** Clocks of two Lambda hosts are taken to agree within this. */
const SKEW_MS = 2_000
/** A handler that could not run for this long is not started. */
const MIN_HANDLER_MS = 1_000
/** A message waits this long for another one of its connection, and keeps this much to answer. */
const PATIENCE_MS = 1_500
const ANSWER_MS = 3_000
const BACKOFF_BASE_MS = 20
const BACKOFF_CAP_MS = 250
