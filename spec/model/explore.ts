import { INVARIANTS, once } from './invariants.ts'
import { keyOf, type Moment } from './moment.ts'
import { probe } from './probe.ts'
import { type Scenario, settingsOf, worldOf } from './scenario.ts'
import { type Broken, type Next, Steps } from './step.ts'
import { type Trail, wordsOf } from './words.ts'
import type { World } from './world.ts'

export interface Explored {
  readonly what: string
  /** Moments that were walked: each once, however many ways lead to it. */
  readonly states: number
  /** Complete ways through the scenario. */
  readonly interleavings: bigint
  readonly ms: number
  /** How often the tasks were told what. */
  readonly outcomes: ReadonlyMap<string, bigint>
  /** The shortest way to something that must not be. */
  readonly violation?: Broken & { readonly steps: readonly string[] }
}

/**
 * Walk every interleaving of a scenario, breadth first, so that the first violation is the shortest. Moments that look
 * the same are walked once; the ways that lead to them are counted.
 */
export const explore = (scenario: Scenario): Explored => {
  const started = performance.now()
  const { world, first } = worldOf(scenario)
  const all = scenario.once ? [...INVARIANTS, once(scenario.once)] : INVARIANTS
  const invariants = all.filter(({ name }) => scenario.only?.includes(name) ?? true)
  const steps = new Steps(world, invariants, settingsOf(scenario).lifeMs)
  const outcomes = new Map<string, bigint>()
  let states = 0
  let interleavings = 0n
  const explored = (violation?: Explored['violation']): Explored => {
    const { what } = scenario
    return { what, states, interleavings, ms: performance.now() - started, outcomes, ...(violation && { violation }) }
  }

  let level: Iterable<Reached> = [{ moment: first, ways: 1n, trail: undefined }]
  for (let more = true; more; ) {
    const next = new Map<string, Reached>()
    for (const { moment, ways, trail } of level) {
      states++
      if (isOver(moment)) {
        const broken = atEnd(scenario, world, moment, invariants)
        if (broken) return explored({ ...broken, steps: wordsOf(world, trail) })
        if (moment.flying.length === 0) {
          interleavings += ways
          const outcome = outcomeOf(world, moment)
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0n) + ways)
        }
      }
      for (const step of steps.from(moment)) {
        if (step.broken) return explored({ ...step.broken, steps: wordsOf(world, along(trail, step)) })
        const key = keyOf(step.moment)
        const same = next.get(key)
        if (same) same.ways += ways
        else next.set(key, { moment: step.moment, ways, trail: along(trail, step) })
      }
    }
    level = next.values()
    more = next.size > 0
  }
  return explored()
}

interface Reached {
  readonly moment: Moment
  ways: bigint
  readonly trail: Trail | undefined
}

const along = (previous: Trail | undefined, { how, task, act, moment }: Next): Trail => ({
  ...{ previous, how, task, act, now: moment.now },
})

const isOver = ({ tasks }: Moment) => tasks.every(({ phase }) => phase === 'told' || phase === 'killed')

const atEnd = (scenario: Scenario, world: World, moment: Moment, invariants: typeof INVARIANTS): Broken | undefined => {
  const scene = { world, moment }
  for (const { name, told, over } of invariants) {
    for (const [task, { phase, log }] of moment.tasks.entries()) {
      const { told: answer, ran } = world.logs.at(log)
      if (phase !== 'told' || !answer) continue
      const sentence = told?.(scene, { task, kind: answer.kind, ran }, true)
      if (sentence) return { invariant: name, sentence }
    }
    const sentence = moment.flying.length === 0 ? over?.(scene) : undefined
    if (sentence) return { invariant: name, sentence }
  }
  return moment.flying.length === 0 ? probe(scenario, world, moment) : undefined
}

const outcomeOf = (world: World, { tasks }: Moment) =>
  tasks
    .map(
      ({ phase, log }, at) =>
        `${world.tasks[at]?.name} ${phase === 'killed' ? 'killed' : world.logs.at(log).told?.kind}`,
    )
    .join(', ')
