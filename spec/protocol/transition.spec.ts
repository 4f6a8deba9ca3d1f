import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  createMachine,
  initialTransition,
  transition,
} from 'xstate'
import { type Machine, type Step, wrap } from '../../lib/protocol/machine.ts'
import { type Sample, samples } from './machines.ts'

const test = suite('protocol machine beside transition()')

type Actions = readonly { readonly type: string; readonly params: unknown }[]

/** Our reading of a step beside XState's own snapshot and actions. */
const compare = (step: Step, snapshot: AnyMachineSnapshot, actions: Actions, running: ReadonlySet<string>) => {
  assert.equal(step.state.value, snapshot.value)
  assert.equal(step.state.context, snapshot.context)
  assert.is(step.state.done === true, snapshot.status === 'done')
  // `stay` does nothing, and is not even listed.
  const custom = actions.filter(({ type }) => !type.startsWith('xstate.') && type !== 'stay')
  assert.is(step.actions.length, custom.length)
  assert.equal(step.due.map(({ event }) => event).sort(), [...running].sort())
}

/** The delays that run after these actions, and how long those that they start take. */
const delaysAfter = (running: ReadonlySet<string>, actions: Actions) => {
  const next = new Set(running)
  const started = new Map<string, number>()
  for (const { type, params } of actions) {
    const { sendId, id, delay } = Object(params) as { sendId?: string; id?: string; delay?: number }
    if (type === 'xstate.cancel') next.delete(String(sendId))
    if (type !== 'xstate.raise' || delay === undefined) continue
    next.add(String(id))
    started.set(String(id), delay)
  }
  return { next, started }
}

const NOW = 1_000

/** Send events to both, an instant apart, and ours through JSON after every step where `throughJson`. */
const follow = ({ machine, events }: Sample, picks: readonly number[], throughJson: boolean) => {
  const ours: Machine = wrap(machine)
  let [theirs, actions] = initialTransition(machine) as [AnyMachineSnapshot, Actions]
  let now = NOW
  let { next: running } = delaysAfter(new Set(), actions)
  let step = ours.start(undefined, now)
  compare(step, theirs, actions, running)
  for (const pick of picks) {
    const event = events[pick % events.length] ?? { type: 'none' }
    const from = throughJson ? (JSON.parse(JSON.stringify({ ...step, actions: [] })) as Step) : step
    assert.is(ours.can(from.state, event), theirs.status === 'active' && theirs.can(event))
    step = ours.next(from, event, ++now)
    ;[theirs, actions] = transition(machine, theirs, event) as [AnyMachineSnapshot, Actions]
    const delays = delaysAfter(running, actions)
    running = delays.next
    compare(step, theirs, actions, running)
    for (const { event, at } of step.due) {
      const delay = delays.started.get(event)
      const before = from.due.find((one) => one.event === event)
      assert.is(at, delay === undefined ? before?.at : now + delay)
    }
  }
}

for (const sample of samples) {
  const cases = sample.events.map((_, index) => index)
  test(`'${sample.machine.id}' goes where XState's transition() goes, event by event`, () => {
    for (const first of cases) for (const second of cases) follow(sample, [first, second], false)
  })
  test(`'${sample.machine.id}' goes there too when its state has been through JSON`, () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 12 }), (picks) => follow(sample, picks, true)),
      RUNS,
    )
  })
}

const RUNS = { numRuns: 60 }

/** Any machine of flat and nested states, with transitions, delays and counters where chance puts them. */
const anyMachine = fc
  .array(
    fc.record({
      on: fc.dictionary(fc.constantFrom('e0', 'e1', 'e2'), fc.record({ to: fc.nat(5), counts: fc.boolean() })),
      delay: fc.option(fc.record({ ms: fc.integer({ min: 1, max: 9 }), to: fc.nat(5) })),
      children: fc.integer({ min: 0, max: 2 }),
      counts: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((states): AnyStateMachine => {
    const at = (index: number) => `#s${index % states.length}`
    const add = assign({ n: ({ context }) => Number(context.n) + 1 })
    const stateOf = ({ on, delay, children, counts }: (typeof states)[number], index: number) => ({
      id: `s${index}`,
      ...(counts && { entry: add, exit: () => {} }),
      on: Object.fromEntries(
        Object.entries(on).map(([event, { to, counts }]) => [
          event,
          { target: at(to), ...(counts && { actions: add }) },
        ]),
      ),
      ...(delay && { after: { [delay.ms]: at(delay.to) } }),
      ...(children > 0 && {
        initial: 'c0',
        states: { c0: children > 1 ? { on: { e3: 'c1' } } : {}, ...(children > 1 && { c1: { on: { e3: 'c0' } } }) },
      }),
    })
    return createMachine({
      id: 'any',
      context: { n: 0 },
      initial: 's0',
      states: Object.fromEntries(states.map((state, index) => [`s${index}`, stateOf(state, index)])) as {},
    })
  })

test('any machine goes where XState goes, for any events', () => {
  const events = ['e0', 'e1', 'e2', 'e3'].map((type) => ({ type }))
  fc.assert(
    fc.property(anyMachine, fc.array(fc.nat(3), { maxLength: 10 }), fc.boolean(), (machine, picks, throughJson) =>
      follow({ machine, events }, picks, throughJson),
    ),
    { numRuns: 200 },
  )
})

test.run()
