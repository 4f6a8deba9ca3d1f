import type { ConnectionRecord, StoredState } from '../../lib/store/store.ts'
import { taskAt } from './log.ts'
import type { Moment } from './moment.ts'
import { SESSIONS } from './sessions.ts'
import type { Task } from './task.ts'
import { follow, nameOf as stateNameOf, toy, traceOf } from './toy.ts'
import type { World } from './world.ts'

/** What must hold. Each is asked where it may break, and says what is wrong, if anything is. */
export interface Invariant {
  readonly name: string
  readonly claim: string
  /** A record was written. */
  readonly written?: (scene: Scene, write: Written) => string | undefined
  /** Who is in which channel has changed, or the state that permits it. */
  readonly changed?: (scene: Scene) => string | undefined
  /** A handler begins. */
  readonly begins?: (scene: Scene, begun: Begun) => string | undefined
  /** A handler has ended. */
  readonly ended?: (scene: Scene, task: number) => string | undefined
  /** What an exclusive handler has sent is let out. */
  readonly sent?: (scene: Scene, task: number) => string | undefined
  /** A task is through. Asked again at the end, since a write may have landed meanwhile. */
  readonly told?: (scene: Scene, told: ToldTo, atEnd: boolean) => string | undefined
  /** All is over, and nothing is on its way. */
  readonly over?: (scene: Scene) => string | undefined
}

/** The moment after the step. */
export interface Scene {
  readonly world: World
  readonly moment: Moment
}

export interface Written {
  readonly connection: number
  readonly task: number
  readonly before: ConnectionRecord | undefined
  readonly after: ConnectionRecord | undefined
}

export interface Begun {
  readonly task: number
  readonly state: StoredState
  readonly exclusive: boolean
  /** The record of the connection when the task began. */
  readonly since: ConnectionRecord | undefined
}

export interface ToldTo {
  readonly task: number
  readonly kind: string
  readonly ran: 'exclusive' | 'shared' | undefined
}

const path: Invariant = {
  name: 'I1',
  claim: 'what is committed is a path of the machine, and no message is committed twice',
  written: ({ world, moment }, { before, after, task }) => {
    if (!before || !after) return undefined
    if (after.version <= before.version) return `${nameOf(world, task)} wrote without raising the version`
    if (after.resumed && !before.resumed) return undefined
    const way = wayOf(before, after)
    if (way !== undefined) return way
    for (const one of newlyDone(world, before, after)) {
      const { id, name } = taskAt(world.tasks, one)
      const twin = world.tasks.findIndex(
        (other, index) => index !== one && id !== '' && other.id === id && bit(moment.committed, index),
      )
      if (twin >= 0) return `${name} committed what ${nameOf(world, twin)} had committed`
    }
    return undefined
  },
}

/** The tasks whose commit a write stores. */
export const newlyDone = (world: World, before: ConnectionRecord, after: ConnectionRecord): number[] => {
  if (before.done === after.done || !after.done || (after.resumed && !before.resumed)) return []
  const known = new Set(before.done)
  return after.done.flatMap((one) => (known.has(one) ? [] : [world.taskNamed(one.slice(0, one.indexOf(' ')))]))
}

const wayOf = ({ state: from }: ConnectionRecord, { state: to }: ConnectionRecord): string | undefined => {
  if (from === to || !from || !to) return undefined
  const [past, trace] = [traceOf(from), traceOf(to)]
  const way = `${stateNameOf(from)} [${past}] to ${stateNameOf(to)} [${trace}]`
  if (past.some((entry, index) => trace[index] !== entry)) return `not a path: from ${way}`
  let state: StoredState | undefined = from
  for (const entry of trace.slice(past.length)) state = state && follow(state, entry)
  return state && stateNameOf(state) === stateNameOf(to) && traceOf(state).length === trace.length
    ? undefined
    : `not a path: from ${way}`
}

const earned: Invariant = {
  name: 'I2',
  claim: 'a handler begins only in a committed state that allows its event and that handlers have earned',
  begins: ({ world, moment }, { task, state, since }) => {
    const { event, name, on } = taskAt(world.tasks, task)
    if (!event) return undefined
    if (!toy().can(state, event)) return `the handler of ${name} ran in '${stateNameOf(state)}', which forbids it`
    for (const entry of traceOf(state)) {
      const by = entry.slice(0, entry.indexOf(':')).replace(/\+$/, '')
      const twins = world.tasks.flatMap((other, index) => (other.id === by && other.event ? [index] : []))
      if (twins.length > 0 && !twins.some((index) => bit(moment.succeeded, index)))
        return `the handler of ${name} ran in a state that nobody had earned: that of ${by} has not succeeded`
    }
    // A state tells its whole past, so those between two are the ones whose past begins with the first's.
    const current = world.record(moment, world.connections.indexOf(on))?.state
    const first = since?.state ? traceOf(since.state) : []
    const trace = traceOf(state)
    const last = current ? traceOf(current) : trace
    const wasThere = first.every((entry, at) => trace[at] === entry) && trace.every((entry, at) => last[at] === entry)
    return wasThere ? undefined : `the handler of ${name} ran on a stale '${stateNameOf(state)}'`
  },
}

const alone: Invariant = {
  name: 'I3',
  claim: 'exclusive handlers of a connection run one at a time, as long as functions die in time',
  begins: ({ world, moment }, { task, exclusive }) => {
    if (!world.timed || !exclusive) return undefined
    const { on, name } = taskAt(world.tasks, task)
    const other = moment.tasks.findIndex(({ phase, log }, index) => {
      if (index === task || phase !== 'running' || world.tasks[index]?.on !== on) return false
      const { act, ran } = world.logs.at(log)
      return act?.op === 'ran' && ran === 'exclusive'
    })
    return other < 0 ? undefined : `the exclusive handlers of ${nameOf(world, other)} and ${name} overlap`
  },
}

/** An event whose handler completes once, but for crashes. */
export const once = (type: string): Invariant => ({
  name: 'I3',
  claim: `the handler of '${type}' completes once, and once more for each crash`,
  ended: ({ world, moment }) => {
    if (!world.timed) return undefined
    const completed = world.tasks.filter(({ event }, at) => event?.type === type && bit(moment.succeeded, at)).length
    const excuses = moment.tasks.filter(
      ({ phase, log }) => phase === 'killed' || (phase === 'told' && world.logs.at(log).told?.kind === 'unknown'),
    ).length
    return completed > 1 + excuses ? `the handler of '${type}' completed ${completed} times` : undefined
  },
})

const final: Invariant = {
  name: 'I5',
  claim: 'nothing revives a connection that has ended, and no handler runs for what came after',
  written: (_scene, { before, after }) => {
    if (!before && after) return 'a record that was gone came back'
    if (!before?.closed || !after) return undefined
    if (!after.closed) return 'a connection that had ended was opened again'
    if (after.claim) return 'a connection that had ended was claimed'
    return wayOf(before, after) === undefined && before.state?.value === after.state?.value
      ? undefined
      : 'the state of a connection changed after its end'
  },
  begins: ({ world }, { task, since }) =>
    !since || since.closed ? `the handler of ${nameOf(world, task)} ran, which came after the end` : undefined,
}

const gated: Invariant = {
  name: 'I6',
  claim: 'what an exclusive handler sends leaves after its commit, or never',
  sent: ({ world, moment }, task) =>
    bit(moment.committed, task) ? undefined : `what ${nameOf(world, task)} had sent left without a commit`,
}

const NOT_KEPT = new Set(['rejected', 'busy', 'unavailable', 'failed', 'ahead', 'fenced', 'gone', 'ended', 'outdated'])

const truthful: Invariant = {
  name: 'I7',
  claim: 'what a peer is told is true: done if and only if it is committed',
  told: ({ world, moment }, { task, kind, ran }, atEnd) => {
    const one = taskAt(world.tasks, task)
    const committed = bit(moment.committed, task)
    const twin = world.tasks.some(
      ({ id }, at) => at !== task && id !== '' && id === one.id && bit(moment.committed, at),
    )
    if (kind === 'done' && keeps(one, ran) !== committed)
      return `${one.name} was told 'done', and it is ${committed ? '' : 'not '}committed`
    if (NOT_KEPT.has(kind) && committed) return `${one.name} was told '${kind}', and it is committed`
    if ((kind === 'duplicate' || kind === 'reused') && (!twin || committed))
      return `${one.name} was told that it had been applied, and it had not`
    // What comes to an end after the answer is another attempt's, and told to that one.
    if (!atEnd && (kind === 'rejected' || kind === 'failed') && twin)
      return `${one.name} was told '${kind}', and the same message is committed`
    return undefined
  },
}

/** Whether a task that is done has stored something. */
const keeps = ({ event, handled }: Task, ran: ToldTo['ran']) =>
  !event || ran !== 'shared' || (handled?.ok === true && handled.raised.length > 0)

export const INVARIANTS: readonly Invariant[] = [...[path, earned, alone, final, gated, truthful], ...SESSIONS]

const nameOf = (world: World, task: number) => taskAt(world.tasks, task).name
const bit = (bits: number, at: number) => (bits & (1 << at)) !== 0
