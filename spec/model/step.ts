import type { Answer } from '../../lib/protocol/effect.ts'
import { endOf, nextTime } from './clock.ts'
import { type Begun, type Invariant, newlyDone, type Scene } from './invariants.ts'
import { type Log, taskAt } from './log.ts'
import { type Moment, type Progress, replaced } from './moment.ts'
import type { Act } from './task.ts'
import { isWrite, type World, type Write } from './world.ts'

/** How a step comes out. */
export type How =
  /** The effect is done, and answered. */
  | 'done'
  /** The function dies before it. */
  | 'dies'
  /** The function dies, and its write may land later. */
  | 'dies, flying'
  /** The store fails, and has done nothing. */
  | 'failed'
  /** The store has done it, and the answer is lost. */
  | 'lost'
  /** The store fails, and the write may land later. */
  | 'failed, flying'
  /** A write that was flying lands. */
  | 'lands'
  /** A read is answered with the record before. */
  | 'late'
  /** The clock jumps. */
  | 'jump'

export interface Next {
  readonly moment: Moment
  readonly how: How
  /** -1: nobody's. */
  readonly task: number
  readonly act: Act | undefined
  readonly broken: Broken | undefined
}

export interface Broken {
  readonly invariant: string
  readonly sentence: string
}

/** The steps of one scenario, from moment to moment. */
export class Steps {
  readonly #world: World
  readonly #invariants: readonly Invariant[]
  readonly #lifeMs: number | undefined
  readonly #killed: Progress

  constructor(world: World, invariants: readonly Invariant[], lifeMs: number | undefined) {
    this.#world = world
    this.#invariants = invariants
    this.#lifeMs = lifeMs
    this.#killed = world.progresses.of('killed')
  }

  /** Every moment that may come next. */
  from(moment: Moment): Next[] {
    const nexts: Next[] = []
    let going = false
    for (const [task, { phase }] of moment.tasks.entries()) {
      if (phase === 'told' || phase === 'killed') continue
      going = true
      this.#of(moment, task, nexts)
    }
    for (const [at, id] of moment.flying.entries()) {
      if (moment.flying.indexOf(id) !== at) continue
      const { task, write } = this.#world.flight(id)
      const without = { ...moment, flying: moment.flying.filter((_, index) => index !== at) }
      nexts.push(this.#write(without, task, write, 'lands'))
    }
    if (going && moment.jumps > 0) this.#jump(moment, nexts)
    return nexts
  }

  #of(moment: Moment, task: number, nexts: Next[]): void {
    const progress = this.#begun(moment, task)
    const log = this.#world.logs.at(progress.log)
    const { act } = log
    if (!act) {
      nexts.push({ ...this.#through(moment, log), how: 'done', act, task })
      return
    }
    const begun = moment.tasks[task]?.phase === 'new' ? this.#at(moment, task, progress) : moment
    nexts.push(this.#perform(begun, task, log, act))
    if (act.op === 'read' && moment.earlier.length > 0) this.#late(begun, task, log, act, nexts)
    if (moment.crashes > 0 && log.answers.length > 0) this.#die(moment, task, act, nexts)
    if (moment.losses > 0) this.#lose({ ...begun, losses: moment.losses - 1 }, task, log, act, nexts)
  }

  /** The function dies. */
  #die(moment: Moment, task: number, act: Act, nexts: Next[]): void {
    const dead = { ...this.#at(moment, task, this.#killed), crashes: moment.crashes - 1 }
    nexts.push({ moment: dead, how: 'dies', task, act, broken: undefined })
    if (!isWrite(act) || this.#world.isHopeless(moment, task, act)) return
    nexts.push({ moment: this.#fly(dead, task, act), how: 'dies, flying', task, act, broken: undefined })
  }

  /** The store's answer is lost. */
  #lose(moment: Moment, task: number, log: Log, act: Act, nexts: Next[]): void {
    if (!isWrite(act) && act.op !== 'read' && act.op !== 'channels') return
    nexts.push(this.#fail(moment, task, log, act, 'failed'))
    if (!isWrite(act) || this.#world.isHopeless(moment, task, act)) return
    nexts.push(this.#fail(this.#fly(moment, task, act), task, log, act, 'failed, flying'))
    const written = this.#write(moment, task, act, 'lost')
    nexts.push(written.broken ? written : this.#fail(written.moment, task, log, act, 'lost'))
  }

  #fail(moment: Moment, task: number, log: Log, act: Act, how: How): Next {
    const { now } = moment
    return this.#answer(moment, task, log, act, `f${now}`, { now, failed: true }, how)
  }

  #perform(moment: Moment, task: number, log: Log, act: Act): Next {
    const { now } = moment
    if (isWrite(act)) {
      const written = this.#write(moment, task, act, 'done')
      if (written.broken) return written
      if (act.op === 'leave') return this.#answer(written.moment, task, log, act, `${now}`, { now })
      if (act.op === 'join') {
        const { applied } = written
        return this.#answer(written.moment, task, log, act, `${applied ? '+' : '-'}${now}`, { now, applied })
      }
      if (written.applied) return this.#answer(written.moment, task, log, act, `+${now}`, { now, applied: true })
      const connection = this.#world.connection(task, act.of)
      const record = this.#world.record(moment, connection)
      const key = `-${now},${moment.records[connection]}`
      return this.#answer(moment, task, log, act, key, { now, applied: false, record })
    }
    if (act.op === 'read') {
      const connection = this.#world.connection(task, act.of)
      const record = this.#world.record(moment, connection)
      return this.#answer(moment, task, log, act, `r${now},${moment.records[connection]}`, { now, record })
    }
    if (act.op === 'channels') {
      const connection = this.#world.connection(task, act.of)
      const channels = this.#world.channels.filter((_, at) => this.#world.isMember(moment, connection, at))
      return this.#answer(moment, task, log, act, `c${now},${channels}`, { now, channels })
    }
    const scene: Scene = { world: this.#world, moment }
    if (act.op === 'run') {
      const since = this.#world.recordAt(moment.tasks[task]?.since ?? 0)
      const begun: Begun = { task, state: act.state, exclusive: act.exclusive, since }
      const broken = this.#first((one) => one.begins?.(scene, begun))
      if (broken) return { moment, how: 'done', task, act, broken }
    }
    if (act.op === 'send') {
      const broken = this.#first((one) => one.sent?.(scene, task))
      if (broken) return { moment, how: 'done', task, act, broken }
    }
    if (act.op !== 'ran') return this.#answer(moment, task, log, act, `${now}`, { now })
    const { handled } = taskAt(this.#world.tasks, task)
    const after = handled?.ok ? { ...moment, succeeded: moment.succeeded | (1 << task) } : moment
    const broken = this.#first((one) => one.ended?.({ world: this.#world, moment: after }, task))
    return broken
      ? { moment: after, how: 'done', task, act, broken }
      : this.#answer(after, task, log, act, `${now}`, { now })
  }

  #late(moment: Moment, task: number, log: Log, act: Extract<Act, { op: 'read' }>, nexts: Next[]): void {
    const { now, earlier, records } = moment
    const connection = this.#world.connection(task, act.of)
    const id = earlier[connection] ?? 0
    if (id === records[connection]) return
    const record = this.#world.recordAt(id)
    nexts.push(this.#answer(moment, task, log, act, `r${now},${id}`, { now, record }, 'late'))
  }

  #write(moment: Moment, task: number, act: Write, how: How): Next & { readonly applied: boolean } {
    const world = this.#world
    const stored = world.store(moment, task, act)
    const next = { how, task, act, applied: stored.applied }
    if (!stored.applied) return { ...next, moment, broken: undefined }
    let after = stored.moment
    let broken: Broken | undefined
    if (act.op === 'replace') {
      const connection = world.connection(task, act.of)
      const [was, is] = [world.record(moment, connection), world.record(after, connection)]
      broken = this.#first((one) =>
        one.written?.({ world, moment: after }, { connection, task, before: was, after: is }),
      )
      if (was && is)
        for (const one of newlyDone(world, was, is)) after = { ...after, committed: after.committed | (1 << one) }
      if (after.flying.length > 0) after = this.#world.withoutHopeless(after)
      if (moment.earlier.length > 0)
        after = { ...after, earlier: replaced(moment.earlier, connection, moment.records[connection] ?? 0) }
    }
    if (after.members.some((channels) => channels !== 0))
      broken ??= this.#first((one) => one.changed?.({ world, moment: after }))
    return { ...next, moment: after, broken }
  }

  /** The task goes on with an answer. `key` tells the answer from all others. */
  #answer(moment: Moment, task: number, log: Log, act: Act, key: string, answer: Answer, how: How = 'done'): Next {
    const fed = this.#world.logs.feed(log, key, answer)
    if (fed.told) return { ...this.#through(moment, fed), how, task, act }
    const progress = this.#world.progresses.of('running', fed.id, moment.tasks[task]?.since ?? 0)
    return { moment: this.#at(moment, task, progress), how, task, act, broken: undefined }
  }

  #through(moment: Moment, { task, told, ran, id }: Log) {
    const after = this.#at(moment, task, this.#world.progresses.of('told', id))
    const scene = { world: this.#world, moment: after }
    const broken = this.#first((one) => one.told?.(scene, { task, kind: told?.kind ?? '', ran }, false))
    return { moment: after, broken }
  }

  #jump(moment: Moment, nexts: Next[]): void {
    const now = nextTime(this.#world, moment, this.#lifeMs)
    if (now === undefined) return
    const tasks = moment.tasks.map((progress) =>
      endOf(this.#world, progress, this.#lifeMs) <= now ? this.#killed : progress,
    )
    const after = { ...this.#world.withoutLate(moment), now, tasks, jumps: moment.jumps - 1 }
    nexts.push({ moment: after, how: 'jump', task: -1, act: undefined, broken: undefined })
  }

  #begun(moment: Moment, task: number): Progress {
    const progress = moment.tasks[task]
    if (progress && progress.phase !== 'new') return progress
    const log = this.#world.logs.begin(task, moment.now)
    const connection = this.#world.connection(task, undefined)
    return this.#world.progresses.of('running', log.id, moment.records[connection] ?? 0)
  }

  #at(moment: Moment, task: number, progress: Progress): Moment {
    return { ...moment, tasks: replaced(moment.tasks, task, progress) }
  }

  #fly(moment: Moment, task: number, write: Write): Moment {
    const flying = [...moment.flying, this.#world.flightId(task, write)].sort((a, b) => a - b)
    return { ...moment, flying }
  }

  #first(ask: (one: Invariant) => string | undefined): Broken | undefined {
    for (const one of this.#invariants) {
      const sentence = ask(one)
      if (sentence !== undefined) return { invariant: one.name, sentence }
    }
    return undefined
  }
}
