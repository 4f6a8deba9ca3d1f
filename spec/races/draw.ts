import fc, { type Arbitrary } from 'fast-check'
import type { Fault } from './invocation.ts'

/** What happens at once on one connection. */
export interface Race {
  readonly moves: readonly Move[]
  /** How long everything stands still, each at some moment, in milliseconds. */
  readonly pauses: readonly number[]
  /** Which of the protocol's preludes was said before. */
  readonly prelude: number
  /** Lambda kills a function in time. */
  readonly mortal: boolean
  /** A message comes after the race; otherwise the connection ends. */
  readonly goesOn: boolean
}

/** Somebody does something. The numbers are taken modulo what there is. */
export interface Move {
  /** `vanish`: the peer is gone, and `$disconnect` never comes. */
  readonly does: 'message' | 'dispatch' | 'disconnect' | 'vanish'
  readonly event: number
  readonly fails: boolean
  readonly raises: boolean
  /** Under an id of its own or that of an earlier message: the same once more, or another one. */
  readonly id: 'own' | 'again' | 'taken'
  readonly fault: Fault | undefined
  readonly lifeMs: number
  /** Two clocks agree within two seconds. */
  readonly skewMs: number
  /** The store's answers take a turn too. */
  readonly slow: boolean
}

const often = <Value>(usual: Value, times: number, ...others: readonly Value[]) =>
  fc.constantFrom(...Array.from({ length: times }, () => usual), ...others)

const fault: Arbitrary<Fault | undefined> = fc.option(
  fc.record({
    at: fc.nat(6),
    times: fc.integer({ min: 1, max: 3 }),
    dies: fc.boolean(),
    lands: fc.constantFrom('never', 'at once', 'later'),
  }),
  { nil: undefined, freq: 2 },
)

const move: Arbitrary<Move> = fc.record({
  does: often<Move['does']>('message', 9, 'dispatch', 'disconnect', 'vanish'),
  event: fc.nat(41),
  fails: often(false, 5, true),
  raises: often(false, 3, true),
  id: often<Move['id']>('own', 6, 'again', 'taken'),
  fault,
  lifeMs: fc.constantFrom(30_000, 30_000, 5_000, 3_200, 3_200, 1_500, 500),
  skewMs: fc.constantFrom(0, 0, -1_000, 1_000, 300),
  slow: often(false, 3, true),
})

export const races: Arbitrary<Race> = fc.record({
  moves: fc.oneof(
    { weight: 3, arbitrary: fc.array(move, { minLength: 2, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(move, { minLength: 4, maxLength: 6 }) },
  ),
  pauses: fc.array(fc.constantFrom(200, 1_000, 3_000, 31_000, 61_000), { maxLength: 3 }),
  prelude: fc.nat(11),
  mortal: often(true, 2, false),
  goesOn: fc.boolean(),
})

/** Messages alone, and three seconds at some moment: more than two clocks may differ by, and less than a function lives. */
export const votes: Arbitrary<Race> = races.map((race) => ({
  ...race,
  mortal: true,
  pauses: [3_000, ...race.pauses],
  moves: race.moves.map((one) => ({ ...one, does: 'message', fault: undefined, lifeMs: 5_000 })),
}))

/** Coming and going: `join` and `leave`, the second and third route of the chat, after `auth`. */
export const visits: Arbitrary<Race> = races.map((race) => ({
  ...race,
  mortal: true,
  prelude: 1,
  moves: race.moves.map((one) => ({
    ...one,
    does: 'message',
    event: 1 + (one.event % 2),
    id: 'own',
    fault: undefined,
  })),
}))
