import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  cancel,
  createMachine,
  initialTransition,
  log,
  raise,
  setup,
  transition,
} from 'xstate'
import { type Machine, type Step, wrap } from '../../lib/protocol/machine.ts'
import { chat, history, type Sample, samples } from './machines.ts'

const test = suite('protocol machine')

type Actions = readonly { readonly type: string; readonly params: unknown }[]

/** Our reading of a step beside XState's own snapshot and actions. */
const compare = (step: Step, snapshot: AnyMachineSnapshot, actions: Actions, stored: readonly unknown[]) => {
  assert.equal(step.state.value, snapshot.value)
  assert.equal(step.state.context, snapshot.context)
  assert.is(step.state.done === true, snapshot.status === 'done')
  assert.is(step.actions.length, actions.filter(({ type }) => !type.startsWith('xstate.')).length)
  const started = actions.filter(({ type, params }) => type === 'xstate.raise' && Object(params).delay !== undefined)
  for (const { params } of started) {
    const { id, delay } = params as unknown as { id: string; delay: number }
    assert.ok(
      step.due.some(({ event, at }) => event === id && at === NOW + delay),
      `${id} has no deadline`,
    )
  }
  for (const { type, params } of actions) {
    const { sendId } = Object(params) as { sendId?: string }
    const anew = started.some((one) => Object(one.params).id === sendId)
    if (type === 'xstate.cancel' && !anew)
      assert.not(
        step.due.some(({ event }) => event === sendId),
        `${sendId} was cancelled`,
      )
  }
  assert.equal(stored, JSON.parse(JSON.stringify(stored)))
}

const NOW = 1_000

/** Send events to both, ours through JSON after every step where `throughJson`. */
const follow = ({ machine, events }: Sample, picks: readonly number[], throughJson: boolean) => {
  const ours: Machine = wrap(machine)
  let [theirs, actions] = initialTransition(machine) as [AnyMachineSnapshot, Actions]
  let step = ours.start(undefined, NOW)
  compare(step, theirs, actions, [])
  for (const pick of picks) {
    const event = events[pick % events.length] ?? { type: 'none' }
    const from = throughJson ? (JSON.parse(JSON.stringify({ ...step, actions: [] })) as Step) : step
    assert.is(ours.can(from.state, event), theirs.status === 'active' && theirs.can(event))
    step = ours.next(from, event, NOW)
    ;[theirs, actions] = transition(machine, theirs, event) as [AnyMachineSnapshot, Actions]
    compare(step, theirs, actions, step.due as unknown[])
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

test('history survives a round trip through JSON', () => {
  const machine = wrap(history)
  const json = (step: Step) => JSON.parse(JSON.stringify(step)) as Step
  const go = (from: Step, type: string) => json(machine.next(from, { type }, NOW))
  const paused = ['next', 'next', 'pause'].reduce(go, machine.start(undefined, NOW))
  assert.equal(go(paused, 'resume').state.value, { work: { two: 'x' } })
  assert.equal(go(paused, 'resumeDeep').state.value, { work: { two: 'y' } })
})

test('the context factory runs once for a connection, and never for a message', () => {
  let runs = 0
  const machine = wrap(
    createMachine({
      context: () => ({ run: ++runs }),
      initial: 'a',
      states: { a: { on: { go: 'b' } }, b: { on: { go: 'a' } } },
    }),
  )
  let step = machine.start(undefined, NOW)
  assert.is(runs, 1)
  for (let times = 0; times < 5; times++) {
    const stored = JSON.parse(JSON.stringify(step)) as Step
    machine.can(stored.state, { type: 'go' })
    step = machine.next(stored, { type: 'go' }, NOW)
  }
  assert.is(runs, 1)
  assert.equal(step.state.context, { run: 1 })
})

test('the input reaches the context factory', () => {
  const machine = setup({ types: { input: {} as { name: string }, context: {} as { name: string } } }).createMachine({
    context: ({ input }) => ({ name: input.name }),
  })
  assert.equal(wrap(machine).start({ name: 'ann' }, NOW).state.context, { name: 'ann' })
})

test('what the context factory throws is thrown at the start', () => {
  const machine = createMachine({
    context: () => {
      throw new RangeError('no context')
    },
  })
  assert.throws(() => wrap(machine).start(undefined, NOW), /no context/)
})

test('a delay becomes an absolute deadline, and leaving the state removes it', () => {
  const machine = wrap(chat)
  const start = machine.start(undefined, NOW)
  assert.equal(start.due, [{ event: 'xstate.after.5000.chat.anonymous', at: NOW + 5_000 }])
  assert.equal(machine.next(start, { type: 'auth' }, NOW + 1).due, [])
})

test('a delayed raise keeps its id apart from its event, carries its payload, and is cancelled by its id', () => {
  const machine = wrap(
    setup({ types: { events: {} as { type: string; n?: number } } }).createMachine({
      initial: 'a',
      states: {
        a: {
          entry: raise({ type: 'ring', n: 7 }, { delay: 50, id: 'alarm' }),
          on: { stop: { actions: cancel('alarm') }, ring: 'b' },
        },
        b: {},
      },
    }),
  )
  const start = machine.start(undefined, NOW)
  assert.equal(start.due, [{ event: 'ring', at: NOW + 50, id: 'alarm', payload: { n: 7 } }])
  assert.equal(machine.next(start, { type: 'stop' }, NOW).due, [])
})

test('custom actions and logs wait, in their order, and see the event', () => {
  const seen: unknown[] = []
  const machine = wrap(
    createMachine({
      initial: 'a',
      states: {
        a: {
          exit: ({ event }) => seen.push(['exit', event.type]),
          on: { go: { target: 'b', actions: () => seen.push('move') } },
        },
        b: { entry: [log('entered'), () => seen.push('entry')] },
      },
    }),
  )
  const { log: said } = console
  console.log = (line) => seen.push(line)
  try {
    const { actions } = machine.next(machine.start(undefined, NOW), { type: 'go' }, NOW)
    assert.equal(seen, [])
    for (const action of actions) action()
  } finally {
    console.log = said
  }
  assert.equal(seen, [['exit', 'go'], 'move', 'entered', 'entry'])
})

test('nothing leads out of a final state, not even a transition of the root', () => {
  const machine = wrap(
    createMachine({ initial: 'a', on: { back: '.a' }, states: { a: { on: { end: 'z' } }, z: { type: 'final' } } }),
  )
  const ended = machine.next(machine.start(undefined, NOW), { type: 'end' }, NOW)
  assert.ok(machine.isFinal(ended.state))
  assert.not(machine.can(ended.state, { type: 'back' }))
  assert.equal(machine.next(ended, { type: 'back' }, NOW).state, ended.state)
})

test('the events that a state accepts are those of its parents too, guards aside and forbidden ones left out', () => {
  const machine = wrap(
    createMachine({
      initial: 'a',
      on: { help: { actions: () => {} } },
      states: { a: { on: { go: { guard: () => false, target: 'b' }, no: undefined } }, b: {} },
    }),
  )
  assert.equal([...machine.accepts(machine.start(undefined, NOW).state)].sort(), ['go', 'help'])
})

test('the version names the machine and its version', () => {
  assert.is(wrap(chat).version, 'chat@1')
})

test('an actor that only shows itself at run time is refused', () => {
  const machine = wrap(
    createMachine({
      initial: 'a',
      context: {},
      states: {
        a: { on: { go: { actions: assign(({ spawn }) => ({ child: spawn(createMachine({}) as never) })) } } },
      },
    }),
  )
  assert.throws(() => machine.next(machine.start(undefined, NOW), { type: 'go' }, NOW), /pure state machine/)
})

test.run()
