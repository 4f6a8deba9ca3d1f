import type { Answer } from '../../lib/protocol/effect.ts'
import type { Act, Task, Told } from './task.ts'

/**
 * What one invocation has been answered since it began. It is a function of that, so all moments in which it has the
 * same log share one, with what it does next.
 */
export interface Log {
  readonly id: number
  readonly task: number
  /** When it began. */
  readonly begun: number
  readonly answers: readonly Answer[]
  /** What it waits for; absent when it is through. */
  readonly act: Act | undefined
  readonly told: Told | undefined
  /** Which handler began. */
  readonly ran: 'exclusive' | 'shared' | undefined
  readonly next: Map<string, Log>
}

/** The logs of all invocations of a scenario. */
export class Logs {
  readonly #tasks: readonly Task[]
  readonly #begun = new Map<string, Log>()
  readonly #through = new Map<string, Log>()
  readonly #all: Log[] = []

  constructor(tasks: readonly Task[]) {
    this.#tasks = tasks
  }

  at(id: number): Log {
    const log = this.#all[id]
    if (!log) throw new RangeError(`There is no log ${id}.`)
    return log
  }

  /** The log of an invocation that begins. */
  begin(task: number, now: number): Log {
    const key = `${task} ${now}`
    const known = this.#begun.get(key)
    if (known) return known
    const log = this.#make(task, now, [], undefined)
    this.#begun.set(key, log)
    return log
  }

  /** The log with one more answer. `key` tells the answer from all others. */
  feed(log: Log, key: string, answer: Answer): Log {
    const known = log.next.get(key)
    if (known) return known
    const { act } = log
    const ran = act?.op === 'run' ? (act.exclusive ? 'exclusive' : 'shared') : log.ran
    const made = this.#make(log.task, log.begun, [...log.answers, answer], ran)
    log.next.set(key, made)
    return made
  }

  #make(task: number, begun: number, answers: readonly Answer[], ran: Log['ran']): Log {
    const invocation = taskAt(this.#tasks, task).begin(begun)
    let step = invocation.next()
    for (const answer of answers) step = invocation.next(answer)
    const log: Log = {
      ...{ id: this.#all.length, task, begun, answers, ran },
      act: step.done ? undefined : step.value,
      told: step.done ? step.value : undefined,
      next: new Map(),
    }
    if (log.told) {
      // How it got there makes no difference any more.
      const key = `${task} ${log.told.kind} ${ran}`
      const same = this.#through.get(key)
      if (same) return same
      this.#through.set(key, log)
    }
    this.#all.push(log)
    return log
  }
}

export const taskAt = (tasks: readonly Task[], index: number): Task => {
  const task = tasks[index]
  if (!task) throw new RangeError(`There is no task ${index}.`)
  return task
}
