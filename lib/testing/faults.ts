/** What can happen to a call. */
export type Fault =
  /** It is not applied, and rejects. */
  | 'lost-request'
  /** It is applied, and rejects. */
  | 'lost-answer'
  /** It rejects now, and is applied before a later call: what a process leaves on its way when it dies. Writes only. */
  | 'late-write'
  /** It is not applied, and rejects with a sentence that says why. */
  | 'throttled'
  /** Somebody else wrote the record first, so that its version is no longer the one that was named. */
  | 'conflict'

/** A function of a store: of its records, of its memberships, of its blobs, or its own. */
export type Call = (typeof CALLS)[number]

export const CALLS = [
  ...(['create', 'read', 'replace', 'delete'] as const),
  ...(['join', 'leave', 'has', 'note', 'members', 'shards', 'grow', 'channels'] as const),
  ...(['put', 'claim', 'get'] as const),
  'commit',
] as const

/** Something that was done to a call. */
export interface Injected {
  /** Counted from 1. */
  readonly at: number
  readonly call: Call
  /** The connection; the channel, for `members`, `shards` and `grow`; or the key of a text. */
  readonly of: string
  /** `landed`: a late write of an earlier call was applied just before this one. */
  readonly fault: Fault | 'landed'
}

/** How often each kind comes, from 0 to 1. Name some, and only those come; name none, and each one has 0.02. */
export interface Chances {
  /** A call is not applied and rejects. */
  readonly lostRequests?: number
  /** A call is applied and rejects. */
  readonly lostAnswers?: number
  /** A write rejects, and is applied before one of the next ten calls. */
  readonly lateWrites?: number
  /** A call is refused because there were too many. Not applied. */
  readonly throttling?: number
  /** Another write comes before a `replace` or a `commit`: the record is the same, its version is the next one. */
  readonly conflicts?: number
}

/** What a call of a faulty store rejects with. A defect of one's own never does. */
export class InjectedFault extends Error {
  readonly fault: Fault

  constructor({ at, call, of, fault }: Injected & { readonly fault: Fault }, seed: number) {
    super(`${call}('${of}') ${SENTENCES[fault]} (injected, seed ${seed}, call ${at}).`)
    this.fault = fault
  }

  override get name() {
    return 'InjectedFault'
  }
}

/** Throw which fault a call has, if any. All that `random` is asked for is asked for here, so that a seed says it all. */
export const dice = (given: Chances, random: () => number) => {
  const chances = KINDS.map(([name]) => given[name])
  const none = chances.every((chance) => chance === undefined)
  const table = KINDS.map(([name, fault, calls]) => ({ fault, calls, chance: given[name] ?? (none ? SMALL : 0) }))
  check(
    given,
    table.reduce((sum, { chance }) => sum + chance, 0),
  )
  return (call: Call): Fault | undefined => {
    let left = random()
    for (const { fault, calls, chance } of table) {
      if (left < chance) return calls?.includes(call) === false ? undefined : fault
      left -= chance
    }
    return undefined
  }
}

const check = (given: Chances, sum: number) => {
  for (const [name] of KINDS) {
    const chance = given[name] ?? 0
    if (!(chance >= 0 && chance <= 1)) throw new RangeError(`faulty(): ${name} is ${chance}, and a chance is 0 to 1.`)
  }
  // What floating point adds to 0.7 and 0.3 is no mistake.
  if (sum > 1.000_001)
    throw new RangeError(`faulty(): the chances add up to ${sum}. A call has one fault: 1 is the most.`)
}

const SMALL = 0.02

/** Each kind, and the calls that can have it where not all can. */
const KINDS: readonly (readonly [name: keyof Chances, fault: Fault, calls?: readonly Call[]])[] = [
  ['lostRequests', 'lost-request'],
  ['lostAnswers', 'lost-answer'],
  ['lateWrites', 'late-write', ['create', 'replace', 'delete', 'join', 'leave', 'grow', 'put', 'claim', 'commit']],
  ['throttling', 'throttled'],
  ['conflicts', 'conflict', ['replace', 'commit']],
]

export const CHANCES: readonly string[] = KINDS.map(([name]) => name)

const SENTENCES: Readonly<Record<Fault, string>> = {
  'lost-request': 'did not reach the store',
  'lost-answer': 'reached the store, and its answer was lost',
  'late-write': 'is late: it was given up, and will be applied',
  throttled: 'was refused: too many calls',
  conflict: 'met another write',
}
