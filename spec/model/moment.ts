/** One moment of a schedule, as small numbers, so that two that look the same are found to be the same in no time. */
export interface Moment {
  readonly now: number
  /** For each connection: its record, as `World` numbers them; 0 where there is none. */
  readonly records: readonly number[]
  /** For each connection: the record that it had before. Kept only for a store that reads late. */
  readonly earlier: readonly number[]
  /** For each connection: a bit for each channel that it is in. */
  readonly members: readonly number[]
  /** Writes whose sender is dead or has given up, and which may land at any time. */
  readonly flying: readonly number[]
  /** For each task: where it stands. */
  readonly tasks: readonly Progress[]
  /** A bit for each task whose commit is stored. */
  readonly committed: number
  /** A bit for each task whose handler has succeeded. */
  readonly succeeded: number
  /** How many more functions may crash, answers be lost, and jumps of the clock come. */
  readonly crashes: number
  readonly losses: number
  readonly jumps: number
}

/** Where a task stands: not begun, at some point of its log, or killed. */
export interface Progress {
  readonly id: number
  readonly phase: 'new' | 'running' | 'told' | 'killed'
  readonly log: number
  /** The record that its connection had when it began. */
  readonly since: number
}

/** Each progress once, with a number of its own. */
export class Progresses {
  readonly #all = new Map<string, Progress>()

  of(phase: Progress['phase'], log = 0, since = 0): Progress {
    const key = `${phase} ${log} ${since}`
    const known = this.#all.get(key)
    if (known) return known
    const made = { id: this.#all.size, phase, log, since }
    this.#all.set(key, made)
    return made
  }
}

export const keyOf = (moment: Moment): string => {
  const { now, committed, succeeded, crashes, losses, jumps } = moment
  let key = `${now},${committed},${succeeded},${crashes},${losses},${jumps}`
  for (const { id } of moment.tasks) key += `,${id}`
  for (const id of moment.records) key += `,${id}`
  for (const bits of moment.members) key += `,${bits}`
  for (const id of moment.earlier) key += `,${id}`
  // The last list, because it is the only one that grows.
  for (const id of moment.flying) key += `,${id}`
  return key
}

export const replaced = <Item>(list: readonly Item[], index: number, item: Item): readonly Item[] => {
  const copy = list.slice()
  copy[index] = item
  return copy
}
