import fc, { type Arbitrary } from 'fast-check'
import { type AnyStateMachine, assign, createMachine } from 'xstate'
import { stay } from '../../lib/protocol/stay.ts'
import type { Protocol } from './protocols.ts'

const PEER_EVENTS = ['a', 'b', 'c', 'd']
const EVENTS = [...PEER_EVENTS, 'noted']
const COUNT = assign({ count: ({ context }: { context: { count: number } }) => context.count + 1 })
const GUARDS = {
  few: ({ context }: { context: { count: number } }) => context.count < 2,
  many: ({ context }: { context: { count: number } }) => context.count > 1,
  even: ({ context }: { context: { count: number } }) => context.count % 2 === 0,
}

/** A state as it is drawn. The numbers are taken modulo what there is. */
interface Drawn {
  /** Within an earlier state, or at the top. */
  readonly within: number | undefined
  readonly final: boolean
  readonly on: readonly {
    readonly event: number
    /** Nowhere: the state stays. */
    readonly target: number | undefined
    readonly guard: keyof typeof GUARDS | undefined
    readonly counts: boolean
  }[]
  readonly after: { readonly seconds: number; readonly target: number } | undefined
}

/** Machines of two to eight states: nested, with guards on what is counted, deadlines and final states. */
export const protocols: Arbitrary<Protocol> = fc
  .record({
    states: fc.array(
      fc.record<Drawn>({
        within: fc.option(fc.nat(6), { freq: 2, nil: undefined }),
        final: fc.nat(7).map((drawn) => drawn === 0),
        on: fc.array(
          fc.record({
            event: fc.nat(EVENTS.length - 1),
            target: fc.option(fc.nat(7), { freq: 3, nil: undefined }),
            guard: fc.option(fc.constantFrom(...(Object.keys(GUARDS) as (keyof typeof GUARDS)[])), {
              freq: 2,
              nil: undefined,
            }),
            counts: fc.boolean(),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        after: fc.option(fc.record({ seconds: fc.constantFrom(1, 5, 40), target: fc.nat(7) }), {
          freq: 2,
          nil: undefined,
        }),
      }),
      { minLength: 2, maxLength: 8, size: 'max' },
    ),
    exclusive: fc.nat(3),
    preludes: fc.array(fc.array(fc.nat(3), { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  })
  .map(({ states, exclusive, preludes }) => {
    const machine = machineOf(states)
    const known = new Set<string>(machine.events)
    const names = PEER_EVENTS.filter((name) => known.has(name))
    return {
      machine,
      names,
      exclusive: names.filter((_, index) => index === exclusive),
      internal: known.has('noted') ? ['noted'] : [],
      joins: { a: 'hall', b: 'lobby' },
      leaves: { c: 'lobby' },
      members: {},
      preludes: preludes.map((prelude) => prelude.map((index) => names[index % names.length] ?? '')),
    }
  })

/** The machine of what was drawn. */
const machineOf = (drawn: readonly Drawn[]): AnyStateMachine => {
  const parents = drawn.map(({ within }, index) => parentOf(drawn, within, index))
  const isFinal = (index: number) => index > 0 && drawn[index]?.final === true && !parents.includes(index)
  const nodeOf = (state: Drawn, index: number): object => {
    const children = drawn.flatMap((_, child) => (parents[child] === index ? [child] : []))
    const [first] = children
    if (isFinal(index)) return { id: `s${index}`, type: 'final' }
    return {
      id: `s${index}`,
      ...(first !== undefined && {
        initial: `s${first}`,
        states: Object.fromEntries(children.map((child) => [`s${child}`, nodeOf(drawn[child] as Drawn, child)])),
      }),
      on: transitionsOf(state, index, drawn.length),
      ...(state.after && {
        after: { [state.after.seconds * 1000]: `#s${state.after.target % drawn.length}` },
      }),
    }
  }
  const top = drawn.flatMap((state, index) =>
    parents[index] === undefined ? [[`s${index}`, nodeOf(state, index)]] : [],
  )
  // Drawn at run time, so that no type knows its states.
  return createMachine({ context: { count: 0 }, initial: 's0', states: Object.fromEntries(top) } as never)
}

/** Two levels below the top at most. */
const parentOf = (drawn: readonly Drawn[], within: number | undefined, index: number): number | undefined => {
  if (within === undefined || index === 0) return undefined
  const parent = within % index
  const above = drawn[parent]?.within
  return above === undefined || parent === 0 || drawn[above % parent]?.within === undefined ? parent : undefined
}

/** The first state answers a peer in any case, or there would be nothing to race. */
const transitionsOf = ({ on }: Drawn, index: number, states: number) => {
  const all: Record<string, object[]> = {}
  for (const [at, { event, target, guard, counts }] of on.entries()) {
    const name = EVENTS[index === 0 && at === 0 ? event % PEER_EVENTS.length : event] ?? ''
    all[name] = [
      ...(all[name] ?? []),
      {
        ...(target !== undefined && { target: `#s${target % states}` }),
        ...(guard && { guard: GUARDS[guard] }),
        ...(counts ? { actions: COUNT } : target === undefined && stay),
      },
    ]
  }
  return all
}
