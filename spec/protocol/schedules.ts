import type { Answer, Effect, Engine } from '../../lib/protocol/effect.ts'
import type { ConnectionRecord } from '../../lib/store/store.ts'

/** One of the engines that run at the same time on one connection. */
export interface Task {
  readonly start: () => Engine<unknown>
  /** What its handler answers. */
  readonly handled?: Answer['handled']
}

/** A connection in the middle of a schedule. */
export interface Moment {
  readonly record: ConnectionRecord
  /** What each task has been answered. An engine is a function of that. */
  readonly logs: readonly (readonly Answer[])[]
  /** Whose handler is running. */
  readonly running: readonly number[]
  /** How many more of the store's answers may be lost. */
  readonly losses: number
}

interface Rules {
  /** Say what is wrong with a step, if anything is. */
  readonly check: (before: Moment, after: Moment, task: number, effect: Effect) => string | undefined
  /** A store that takes every write, for a checker that must see what comes of it. @default true */
  readonly compares?: boolean
  /** How many of the store's answers may be lost, of a write that was applied or was not. @default 0 */
  readonly losses?: number
  /** Say what is untrue of what the tasks were told in the end, if anything is. */
  readonly verify?: (outcomes: readonly unknown[], record: ConnectionRecord) => string | undefined
}

export interface Explored {
  /** The outcomes of the tasks at each end, without repetition. */
  readonly ends: readonly (readonly unknown[])[]
  /** The first thing that was wrong on each way, without repetition. */
  readonly wrongs: readonly string[]
  /** How many ways there are through all schedules. */
  readonly schedules: number
}

/** Walk every schedule of some engines on one record. Moments that look the same are walked once and counted often. */
export const explore = (
  record: ConnectionRecord,
  tasks: readonly Task[],
  { check, verify, compares = true, losses = 0 }: Rules,
): Explored => {
  const ends = new Map<string, readonly unknown[]>()
  const wrongs = new Set<string>()
  const counted = new Map<string, number>()

  const at = ({ logs }: Moment, index: number) => {
    const engine = (tasks[index] as Task).start()
    let step = engine.next({ now: 0 })
    for (const answer of logs[index] ?? []) step = engine.next(answer)
    return step
  }
  const walk = (moment: Moment): number => {
    const key = JSON.stringify(moment)
    const known = counted.get(key)
    if (known !== undefined) return known
    const steps = tasks.map((_, index) => at(moment, index))
    let ways = 0
    for (const [index, { done, value }] of steps.entries()) {
      if (done) continue
      const nexts = [perform(moment, index, value, tasks[index]?.handled, compares), ...lose(moment, index, value)]
      for (const next of nexts) {
        const wrong = check(moment, next, index, value)
        if (wrong) wrongs.add(wrong)
        else ways += walk(next)
      }
    }
    if (steps.every(({ done }) => done)) {
      const outcomes = steps.map(({ value }) => value)
      ends.set(JSON.stringify(outcomes), outcomes)
      const wrong = verify?.(outcomes, moment.record)
      if (wrong) wrongs.add(wrong)
      ways = 1
    }
    counted.set(key, ways)
    return ways
  }
  const schedules = walk({ record, logs: tasks.map(() => []), running: [], losses })
  return { ends: [...ends.values()], wrongs: [...wrongs], schedules }
}

/** One atomic step of one task. A handler takes two: it begins, and it ends. */
const perform = (
  moment: Moment,
  index: number,
  effect: Effect,
  handled: Answer['handled'],
  compares: boolean,
): Moment => {
  const { record, running } = moment
  const answer = (given: Partial<Answer>, more: Partial<Moment> = {}): Moment => ({
    ...moment,
    ...more,
    logs: moment.logs.map((log, at) => (at === index ? [...log, { now: 0, ...given }] : log)),
  })
  if (effect.op === 'read') return answer({ record })
  if (effect.op === 'replace') {
    if (compares && effect.version !== record.version) return answer({ applied: false, record })
    return answer({ applied: true }, { record: effect.next })
  }
  if (effect.op !== 'run') return answer({})
  if (!running.includes(index)) return { ...moment, running: [...running, index] }
  return answer({ handled: handled ?? { ok: true, raised: [] } }, { running: running.filter((one) => one !== index) })
}

/** What may come of an effect whose answer is lost. */
const lose = ({ losses, ...moment }: Moment, index: number, effect: Effect): Moment[] => {
  if (losses === 0 || (effect.op !== 'read' && effect.op !== 'replace')) return []
  const logs = moment.logs.map((log, at) => (at === index ? [...log, { now: 0, failed: true }] : log))
  const lost = { ...moment, logs, losses: losses - 1 }
  if (effect.op === 'read' || effect.version !== moment.record.version) return [lost]
  return [lost, { ...lost, record: effect.next }]
}
