import { type Explored, explore } from './explore.ts'
import { send } from './task.ts'
import { recordIn } from './toy.ts'

/** What becomes of messages that a peer sends one after another, and that arrive in any order. */
export interface Ordered {
  readonly what: string
  /** How often a message waits. */
  readonly tries: number
  readonly explored: Explored
  /** Parts of all interleavings: all are done, some are told to come back, some are refused although they were in order. */
  readonly done: number
  readonly busy: number
  readonly rejected: number
}

type Count = { readonly dep: number; readonly counts?: true }

/** `auth`, `join` and `send`, with the counts that a typed client gives them or without. */
const pipeline = (counted: boolean, length: number) => {
  const counts: readonly (readonly [string, string, Count])[] = [
    ['a', 'auth', { dep: 0, counts: true }],
    ['j', 'join', { dep: 1, counts: true }],
    ['s', 'send', { dep: 2 }],
  ]
  return counts.slice(0, length).map(([name, type, count]) => send(name, type, counted ? count : {}))
}

export const ordered = (
  counted: boolean,
  {
    tries,
    length = 3,
    ...faults
  }: { tries: number; length?: number; crashes?: number; losses?: number; jumps?: number },
): Ordered => {
  const what = `${['auth', 'join', 'send'].slice(0, length).join(', ')}, ${counted ? 'with' : 'without'} counts`
  const from = { c: recordIn('anon') }
  const explored = explore({ what, from, tasks: pipeline(counted, length), tries, ...faults })
  const share = (chosen: (outcome: string) => boolean) => {
    let ways = 0n
    for (const [outcome, count] of explored.outcomes) if (chosen(outcome)) ways += count
    return Number((ways * 100_000n) / (explored.interleavings || 1n)) / 1_000
  }
  const isRejected = (outcome: string) => outcome.includes('rejected')
  return {
    ...{ what, tries, explored },
    done: share((outcome) => !/rejected|busy|killed|unavailable|unknown/.test(outcome)),
    busy: share((outcome) => !isRejected(outcome) && outcome.includes('busy')),
    rejected: share(isRejected),
  }
}
