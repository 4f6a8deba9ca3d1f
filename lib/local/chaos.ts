import { randomOf, seedOf } from './chance.ts'

/** How often what happens. Each is a chance from 0 to 1, of all that can have it. */
export interface ChaosChances {
  /** An invocation begins late, so that messages of one connection overtake each other. @default 0.5 */
  readonly delays?: number
  /** It meets a cold start besides. @default 0.1 */
  readonly coldStarts?: number
  /** `$disconnect` never comes. @default 0.2 */
  readonly lostFarewells?: number
  /** `$disconnect` comes twice. @default 0.2 */
  readonly repeatedFarewells?: number
  /** A client that vanishes is not missed: posts succeed, until the idle time is over. @default 0.5 */
  readonly halfOpen?: number
  /** Posts to a connection are throttled, one to three in a row. @default 0.05 */
  readonly throttling?: number
  /** A function dies in the middle of its work. @default 0.05 */
  readonly kills?: number
}

export interface ChaosOptions extends ChaosChances {
  /** An integer. The same seed, and the same events of each connection, meet the same faults. */
  readonly seed: number
}

/** One fault that took place. */
export interface Injected {
  readonly kind: ChaosKind
  readonly connectionId: string
  /** Of the invocation, where it is one. */
  readonly routeKey?: string
  readonly ms?: number
}

export type ChaosKind =
  | 'delay'
  | 'cold-start'
  | 'lost-farewell'
  | 'repeated-farewell'
  | 'late-farewell'
  | 'half-open'
  | 'throttled'
  | 'killed'

/** How an invocation dies. */
export interface Fate {
  /** At which of its calls of the store and the gateway: the first is 1. */
  readonly effect: number
  /** Whether that call still takes place, and only its answer is lost. */
  readonly isApplied: boolean
  /** How long it has to live, for one that runs in a process of its own. */
  readonly ms: number
  /** Called by whoever kills it. Many an invocation is over before that. */
  readonly died: () => void
}

/** What goes wrong, by seed. */
export interface Chaos {
  readonly seed: number
  readonly injected: readonly Injected[]
  /** Called as connections arrive, before anything else is asked of them: what becomes of one depends on its number. */
  readonly meet: (connectionId: string) => void
  /** How long an invocation waits before it begins. */
  readonly delayMs: (connectionId: string, routeKey: string) => number
  readonly fateOf: (connectionId: string, routeKey: string) => Fate | undefined
  /** When `$disconnect` comes, in milliseconds from now, and again. */
  readonly farewells: (connectionId: string) => readonly number[]
  readonly isHalfOpen: (connectionId: string) => boolean
  readonly throttles: (connectionId: string) => boolean
}

/** `tell` hears of each fault. */
export const makeChaos = (options: ChaosOptions, tell: (injected: Injected) => void): Chaos => {
  const { seed } = options
  const chances = { ...CHANCES, ...options }
  const injected: Injected[] = []
  const inject = (fault: Injected) => {
    injected.push(fault)
    tell(fault)
  }
  const { meet, hasMet, randomFor } = drawer(seed)
  const throttled = new Map<string, number>()

  return {
    seed,
    injected,
    meet,
    delayMs: (connectionId, routeKey) => {
      const random = randomFor(connectionId, 'delay')
      let ms = 0
      if (random() < chances.delays) {
        // Most are a little late, and a few by much: a queue, a retry, a garbage collection.
        ms = Math.round(random() < 0.1 ? 1_000 * random() : 100 * random())
        inject({ kind: 'delay', connectionId, routeKey, ms })
      }
      if (random() >= chances.coldStarts) return ms
      const coldMs = Math.round(300 + 1_200 * random())
      inject({ kind: 'cold-start', connectionId, routeKey, ms: coldMs })
      return ms + coldMs
    },
    fateOf: (connectionId, routeKey) => {
      const random = randomFor(connectionId, 'kill')
      if (random() >= chances.kills) return undefined
      return {
        effect: 1 + Math.floor(random() * MAX_EFFECT),
        isApplied: random() < 0.5,
        ms: Math.round(random() * 50),
        died: () => inject({ kind: 'killed', connectionId, routeKey }),
      }
    },
    farewells: (connectionId) => {
      const random = randomFor(connectionId, 'farewell')
      const fate = random()
      if (fate < chances.lostFarewells) {
        inject({ kind: 'lost-farewell', connectionId })
        return []
      }
      const first = random() < chances.delays ? Math.round(2_000 * random()) : 0
      if (first > 0) inject({ kind: 'late-farewell', connectionId, ms: first })
      if (fate >= chances.lostFarewells + chances.repeatedFarewells) return [first]
      inject({ kind: 'repeated-farewell', connectionId })
      return [first, first + Math.round(1_000 * random())]
    },
    isHalfOpen: (connectionId) => {
      const is = randomFor(connectionId, 'half-open')() < chances.halfOpen
      if (is) inject({ kind: 'half-open', connectionId })
      return is
    },
    throttles: (connectionId) => {
      if (!hasMet(connectionId)) return false
      const left = throttled.get(connectionId) ?? 0
      const random = randomFor(connectionId, 'throttle')
      const more = left > 0 ? left - 1 : random() < chances.throttling ? 1 + Math.floor(3 * random()) : 0
      throttled.set(connectionId, left > 0 ? left - 1 : more)
      if (left === 0 && more === 0) return false
      inject({ kind: 'throttled', connectionId })
      return true
    },
  }
}

const CHANCES: Required<ChaosChances> = {
  delays: 0.5,
  coldStarts: 0.1,
  lostFarewells: 0.2,
  repeatedFarewells: 0.2,
  halfOpen: 0.5,
  throttling: 0.05,
  kills: 0.05,
}

export const CHAOS_CHANCES: readonly string[] = Object.keys(CHANCES)

/** A message calls its store and its gateway about so often. */
const MAX_EFFECT = 6

/**
 * Chance for one question about one connection. It depends on the how-manieth connection it is, and the how-manieth such
 * question: what other connections do at the same time changes nothing.
 */
const drawer = (seed: number) => {
  const ordinals = new Map<string, number>()
  const counts = new Map<string, number>()
  const meet = (connectionId: string) => {
    const ordinal = ordinals.get(connectionId) ?? ordinals.size
    ordinals.set(connectionId, ordinal)
    return ordinal
  }
  return {
    meet,
    hasMet: (connectionId: string) => ordinals.has(connectionId),
    randomFor: (connectionId: string, question: string): (() => number) => {
      const name = `${meet(connectionId)}/${question}`
      const count = counts.get(name) ?? 0
      counts.set(name, count + 1)
      return randomOf(seedOf(seed, `${name}/${count}`))
    },
  }
}
