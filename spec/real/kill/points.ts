import type { Place } from '../stores.ts'

/** What a function was at when it was killed. */
export type Deed = 'vote' | 'enter' | 'exit' | 'disconnect' | 'connect'

/** The step that it was killed at: a call of the store, the handler, or the first frame that leaves. */
export type Call =
  | 'read'
  | 'claim'
  | 'handler'
  | 'commit'
  | 'output'
  | 'join'
  | 'release'
  | 'leave'
  | 'tombstone'
  | 'channels'
  | 'create'

/** `in flight`: the request is written to its socket, and nobody reads the answer. */
export type Moment = 'before' | 'in flight' | 'after'

export type Maybe = 'no' | 'perhaps' | 'yes'

export interface Point {
  readonly deed: Deed
  readonly call: Call
  readonly moment: Moment
  /** Which request of the call is in flight, from 1: a store may need several for one call. */
  readonly request: number
  /** Whether what the deed is for was stored by then: its commit, its tombstone, its record. */
  readonly stored: Maybe
  /** Whether the connection is claimed afterwards. */
  readonly claimed: Maybe
  /** Whether the handler had begun. */
  readonly ran: boolean
}

/** Every point at which a function can die on a store, as far as its successors can tell them apart. */
export const pointsOn = (kind: Place['kind']): readonly Point[] =>
  (Object.keys(DEEDS[kind]) as Deed[]).flatMap((deed) => pointsOf(deed, DEEDS[kind][deed]))

/** In their order. Each with how many requests it takes; those at which nobody is killed anew with none. */
type Steps = readonly (readonly [call: Call, requests: number])[]

const BEGUN: Steps = [
  ['read', 0],
  ['claim', 0],
  ['handler', 0],
]

const VOTE: Steps = [
  ['read', 1],
  ['claim', 1],
  ['handler', 1],
  ['commit', 1],
  ['output', 1],
]

/**
 * DynamoDB commits memberships with the state. On Redis whoever leaves does so before it; whoever joins does so after it,
 * and then lets go of the claim.
 */
const DEEDS: Readonly<Record<Place['kind'], Readonly<Record<Deed, Steps>>>> = {
  dynamodb: {
    vote: VOTE,
    enter: [...BEGUN, ['commit', 1], ['output', 1]],
    exit: [...BEGUN, ['commit', 1], ['output', 1]],
    disconnect: [
      ['read', 1],
      ['tombstone', 1],
      ['channels', 1],
      ['leave', 1],
      ['handler', 1],
    ],
    connect: [
      ['handler', 1],
      ['create', 1],
      ['join', 1],
    ],
  },
  redis: {
    vote: VOTE,
    enter: [...BEGUN, ['commit', 1], ['join', 3], ['release', 1], ['output', 1]],
    exit: [...BEGUN, ['leave', 3], ['commit', 1], ['output', 1]],
    disconnect: [
      ['read', 1],
      ['tombstone', 1],
      ['channels', 1],
      ['leave', 3],
      ['handler', 1],
    ],
    connect: [
      ['handler', 1],
      ['create', 1],
      ['join', 3],
    ],
  },
}

const pointsOf = (deed: Deed, steps: Steps): Point[] =>
  steps.flatMap(([call, requests], at) =>
    momentsOf(call, requests).map(({ moment, request }) => {
      const reached = (wanted: Call): Maybe => {
        const place = steps.findIndex(([one]) => one === wanted)
        if (place < 0 || at < place) return 'no'
        return at > place || moment === 'after' ? 'yes' : moment === 'in flight' ? 'perhaps' : 'no'
      }
      const free = reached(steps.some(([one]) => one === 'release') ? 'release' : 'commit')
      return {
        deed,
        call,
        moment,
        request,
        stored: reached(STORES[deed]),
        claimed: free === 'no' ? reached('claim') : free === 'yes' ? 'no' : 'perhaps',
        ran: at >= steps.findIndex(([one]) => one === 'handler'),
      }
    }),
  )

const momentsOf = (call: Call, requests: number): Pick<Point, 'moment' | 'request'>[] => {
  if (requests === 0) return []
  // Nothing is written: there is only being there.
  if (call === 'handler' || call === 'output') return [{ moment: 'before', request: 1 }]
  const flights = Array.from({ length: requests }, (_, index) => ({ moment: 'in flight' as const, request: index + 1 }))
  return [{ moment: 'before', request: 1 }, ...flights, { moment: 'after', request: requests }]
}

const STORES: Readonly<Record<Deed, Call>> = {
  vote: 'commit',
  enter: 'commit',
  exit: 'commit',
  disconnect: 'tombstone',
  connect: 'create',
}

/** A point in words: `vote: commit in flight`. */
export const nameOf = ({ deed, call, moment, request }: Point): string => {
  if (call === 'handler') return `${deed}: in the handler`
  return `${deed}: ${call} ${moment}${request > 1 && moment === 'in flight' ? ` (request ${request})` : ''}`
}
