import type { Effect } from '../../lib/protocol/effect.ts'
import type { ConnectionRecord } from '../../lib/store/store.ts'
import { Logs } from './log.ts'
import { type Moment, Progresses, replaced } from './moment.ts'
import type { Act, Task } from './task.ts'

export type Write = Extract<Effect, { op: 'replace' | 'join' | 'leave' }>

/** What a store makes of a write: the next record, `'deleted'`, or nothing where it refuses. */
export type Rule = (
  current: ConnectionRecord | undefined,
  write: Extract<Effect, { op: 'replace' }>,
  token: string,
) => ConnectionRecord | 'deleted' | undefined

/** The rule of every store: if and only if the stored version is the one that the writer has seen. */
export const compare: Rule = (current, { version, next }) => (current?.version === version ? next : undefined)

/** A write on its way, with its sender. */
export interface Flight {
  readonly task: number
  readonly write: Write
}

/** Everything of a scenario that stays the same from moment to moment, and what the numbers of a moment stand for. */
export class World {
  readonly tasks: readonly Task[]
  readonly connections: readonly string[]
  readonly channels: readonly string[]
  /** The connections that are in the channel at the beginning. */
  readonly members: readonly string[]
  readonly timed: boolean
  readonly logs: Logs
  readonly progresses = new Progresses()
  readonly #rule: Rule
  readonly #records: (ConnectionRecord | undefined)[] = [undefined]
  readonly #recordIds = new Map<string, number>()
  readonly #recordIdOf = new WeakMap<ConnectionRecord, number>()
  readonly #flights: Flight[] = []
  readonly #flightIds = new Map<string, number>()
  readonly #taskNames = new Map<string, number>()

  constructor(
    tasks: readonly Task[],
    connections: readonly string[],
    channels: readonly string[],
    { members, timed, rule }: Pick<World, 'members' | 'timed'> & { readonly rule: Rule },
  ) {
    this.tasks = tasks
    this.connections = connections
    this.channels = channels
    this.members = members
    this.timed = timed
    this.logs = new Logs(tasks)
    this.#rule = rule
    for (const [index, { name }] of tasks.entries()) this.#taskNames.set(name, index)
  }

  record(moment: Moment, connection: number): ConnectionRecord | undefined {
    return this.#records[moment.records[connection] ?? 0]
  }

  recordAt(id: number): ConnectionRecord | undefined {
    return this.#records[id]
  }

  recordId(record: ConnectionRecord | undefined): number {
    if (!record) return 0
    const known = this.#recordIdOf.get(record)
    if (known !== undefined) return known
    const text = JSON.stringify(record)
    let id = this.#recordIds.get(text)
    if (id === undefined) {
      id = this.#records.push(record) - 1
      this.#recordIds.set(text, id)
    }
    this.#recordIdOf.set(record, id)
    return id
  }

  flight(id: number): Flight {
    const flight = this.#flights[id]
    if (!flight) throw new RangeError(`Nothing flies under ${id}.`)
    return flight
  }

  flightId(task: number, write: Write): number {
    const key = `${task}${JSON.stringify(write)}`
    const known = this.#flightIds.get(key)
    if (known !== undefined) return known
    const id = this.#flights.push({ task, write }) - 1
    this.#flightIds.set(key, id)
    return id
  }

  taskNamed(name: string): number {
    return this.#taskNames.get(name) ?? -1
  }

  connection(task: number, of: string | undefined): number {
    return this.connections.indexOf(of ?? this.tasks[task]?.on ?? '')
  }

  isMember(moment: Moment, connection: number, channel: number): boolean {
    return ((moment.members[connection] ?? 0) & (1 << channel)) !== 0
  }

  /** The moment after a write has reached the store, and whether it was applied. */
  store(moment: Moment, task: number, write: Write): { readonly moment: Moment; readonly applied: boolean } {
    const connection = this.connection(task, write.op === 'join' ? undefined : write.of)
    if (write.op === 'replace') {
      const current = this.record(moment, connection)
      const stored = this.#rule(current, write, this.tasks[task]?.name ?? '')
      if (stored === undefined) return { moment, applied: false }
      const id = this.recordId(stored === 'deleted' ? undefined : stored)
      const members = write.changes
        ? [
            ...write.changes.join.map((channel) => [channel, true] as const),
            ...write.changes.leave.map((channel) => [channel, false] as const),
          ].reduce((all, [channel, member]) => this.#enrol(all, connection, channel, member), moment.members)
        : moment.members
      return { moment: { ...moment, records: replaced(moment.records, connection, id), members }, applied: true }
    }
    const record = this.record(moment, connection)
    if (write.op === 'join' && (!record || record.closed)) return { moment, applied: false }
    const members = this.#enrol(moment.members, connection, write.channel, write.op === 'join')
    return { moment: { ...moment, members }, applied: true }
  }

  /** Whether a write can never be applied any more: versions only rise. */
  isHopeless(moment: Moment, task: number, write: Write): boolean {
    if (write.op !== 'replace' || this.#rule !== compare) return false
    return (this.record(moment, this.connection(task, write.of))?.version ?? 0) > write.version
  }

  /** The same moment, without the writes on their way that nobody would notice. */
  withoutHopeless(moment: Moment): Moment {
    const flying = moment.flying.filter((id) => {
      const { task, write } = this.flight(id)
      return !this.isHopeless(moment, task, write)
    })
    return { ...moment, flying }
  }

  /**
   * The same moment, without the memberships on their way. They are bound to no version: a claim outlives its function
   * by two seconds, and nothing is on its way for longer.
   */
  withoutLate(moment: Moment): Moment {
    if (moment.flying.length === 0) return moment
    return { ...moment, flying: moment.flying.filter((id) => this.flight(id).write.op === 'replace') }
  }

  #enrol(all: readonly number[], connection: number, channel: string, member: boolean): readonly number[] {
    const bit = 1 << this.channels.indexOf(channel)
    const before = all[connection] ?? 0
    return replaced(all, connection, member ? before | bit : before & ~bit)
  }
}

export const isWrite = (act: Act): act is Write => act.op === 'replace' || act.op === 'join' || act.op === 'leave'
