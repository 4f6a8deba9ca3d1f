import { message } from '../../lib/protocol/engine.ts'
import type { ConnectionRecord } from '../../lib/store/store.ts'
import type { Moment } from './moment.ts'
import type { Make, Settings } from './task.ts'
import { compare, type Rule, World } from './world.ts'

/** Some invocations that run at the same time, and what may go wrong. */
export interface Scenario {
  readonly what: string
  /** The connections' records at the beginning. */
  readonly from: Readonly<Record<string, ConnectionRecord>>
  /** The connections that are in the channel at the beginning. */
  readonly members?: readonly string[]
  readonly tasks: readonly Make[]
  /** How many functions may crash, at any step. @default 0 */
  readonly crashes?: number
  /** How many answers of the store may be lost. @default 0 */
  readonly losses?: number
  /** How many times the clock may jump to the next time that matters. @default 0 */
  readonly jumps?: number
  /** No function is killed, however long it sleeps: clocks may differ without bound. @default false */
  readonly zombies?: boolean
  /** How often a message waits. @default 2 */
  readonly tries?: number
  /** An event whose handler may complete only once. */
  readonly once?: string
  /** Whether the store can change a record and memberships at once. @default true */
  readonly whole?: boolean
  /** Another engine than the one that ships. */
  readonly engine?: Settings['engine']
  /** Another store than one that compares. */
  readonly rule?: Rule
  /** The store may answer a read with the record before. */
  readonly readsLate?: boolean
  /** Names of the invariants to ask. @default all */
  readonly only?: readonly string[]
  /** How long functions live and claims hold, in milliseconds. */
  readonly lifeMs?: number
  readonly leaseMs?: number
}

/** The only channel of the scenarios. */
export const LOBBY = 'lobby'

/** The world of a scenario, and its first moment. */
export const worldOf = (scenario: Scenario): { readonly world: World; readonly first: Moment } => {
  const { from, tasks, members = [], zombies = false, crashes = 0, losses = 0, jumps = 0 } = scenario
  const settings = settingsOf(scenario)
  const connections = Object.keys(from)
  const made = tasks.map((make) => make(settings))
  const world = new World(made, connections, [LOBBY], { members, timed: !zombies, rule: scenario.rule ?? compare })
  const records = Object.values(from).map((record) => world.recordId(record))
  const first: Moment = {
    ...{ now: 0, records, flying: [], committed: 0, succeeded: 0, crashes, losses, jumps },
    earlier: scenario.readsLate ? records : [],
    members: connections.map((name) => (members.includes(name) ? 1 : 0)),
    tasks: made.map(() => world.progresses.of('new')),
  }
  return { world, first }
}

export const settingsOf = ({
  zombies = false,
  tries = 2,
  whole = true,
  engine = message,
  ...more
}: Scenario): Settings => ({
  ...(!zombies && { lifeMs: more.lifeMs ?? 10 }),
  leaseMs: more.leaseMs ?? (zombies ? 3 : 1),
  ...{ tries, whole, engine },
})
