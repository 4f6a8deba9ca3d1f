import type { Store } from 'ws-interlock'
import { makeId } from 'ws-interlock/testing'
import { pool } from '../places.ts'
import type { Name } from './app.ts'
import { type Cast, castOf, type Said } from './cast.ts'
import { judge } from './judge.ts'
import { type Course, newCourse, news, stir } from './witness.ts'

export interface Soak {
  /** Instances of the function, each with a store of its own that leads to the same place. */
  readonly stores: readonly [Store, ...Store[]]
  readonly connections: number
  /** How many of them at one time. */
  readonly width: number
  readonly seed: number
}

export interface Result {
  /** What should not be, as sentences. */
  readonly violations: readonly string[]
  /** What invocations told their peers: `OK`, `gone`, or the code of an error. */
  readonly outcomes: ReadonlyMap<string, number>
}

/**
 * Let many peers talk to an application, each with all its messages in flight at once. The seed says who says what, in
 * which order and to which instance; the rest is up to the machine that it runs on.
 */
export const soak = async ({ stores, connections, width, seed }: Soak): Promise<Result> => {
  const cast = castOf(stores)
  const outcomes = new Map<string, number>()
  const peers = Array.from({ length: connections }, (_, index) => chance(seed * 1_000 + index))
  const violations = await pool(peers, width, async (random) => {
    const course = newCourse(makeId())
    await live(cast, course, random)
    const wrongs = await judge(stores[0], course)
    await part(cast, course, random)
    const [all, last] = [course.attempts, await judge(stores[0], course)]
    for (const code of all.flatMap(({ told }) => told)) outcomes.set(code, (outcomes.get(code) ?? 0) + 1)
    return [...wrongs, ...last]
  })
  return { violations: [...new Set(violations.flat())], outcomes }
}

type Random = () => number

const live = async (cast: Cast, course: Course, random: Random) => {
  await cast.connect(course)
  if (random() < AUTHENTICATED) await cast.deliver(course, { name: 'auth', id: 'first' }, index(random))
  const deck = shuffled([...NAMES, pick(REPEATED, random)], random)
  course.waiting = deck.length
  const peers = deck.map((name) => speak(cast, course, { name, id: name }, chance(index(random))))
  if (random() < LEAVES) {
    for (let left = index(random) % MOMENTS; left > 0 && course.waiting > 0; left--) await news(course)
    await cast.disconnect(course, index(random))
  }
  await Promise.all(peers)
}

/** Say something, and say it again under the same id where that is what one was told; or because it was too soon. */
const speak = async (cast: Cast, course: Course, said: Said, random: Random) => {
  for (let tries = 0; tries < TRIES; tries++) {
    const code = await cast.deliver(course, said, index(random), random() < FREEZES)
    if (!(random() < (PERSISTS[code] ?? 0))) break
  }
  course.waiting--
  stir(course)
}

/** When all is over: somebody whom nobody keeps waiting, the end, and somebody who comes too late. */
const part = async (cast: Cast, course: Course, random: Random) => {
  const code = course.ended ? 'gone' : await cast.deliver(course, { name: 'vote', id: 'fresh' }, index(random))
  if (code === 'UNAVAILABLE') course.wrongs.push('a message is kept waiting where nobody is about')
  if (!course.ended) await cast.disconnect(course, index(random))
  await cast.deliver(course, { name: 'auth', id: 'late' }, index(random))
}

const NAMES: readonly Name[] = ['auth', 'join', 'send', 'vote', 'leave', 'fail']
/** The seventh says one of these once more. */
const REPEATED: readonly Name[] = ['auth', 'join', 'vote', 'leave']
/** This part of the peers has authenticated before. */
const AUTHENTICATED = 0.7
/** This part of them goes, when so many things have happened at most. */
const LEAVES = 0.3
const MOMENTS = 10
/** This part of the functions that hold a connection are frozen. */
const FREEZES = 0.08
const TRIES = 3
/** How often a peer tries again that was told so. */
const PERSISTS: Readonly<Record<string, number>> = { UNAVAILABLE: 0.7, ABORTED: 0.8, FAILED_PRECONDITION: 0.4 }

const index = (random: Random) => Math.floor(random() * 2 ** 30)
const pick = <Item>(items: readonly Item[], random: Random) => items[index(random) % items.length] as Item // Not empty.

const shuffled = <Item>(items: readonly Item[], random: Random): Item[] =>
  items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)

/** Numbers that look drawn and are the same for the same seed: Lehmer's. */
const chance = (seed: number): Random => {
  let state = (seed % 2_147_483_646) + 1
  const next = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  // Of seeds that are neighbours the first numbers are too.
  for (let skipped = 0; skipped < 5; skipped++) next()
  return next
}
