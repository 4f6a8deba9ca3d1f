import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { assign, cancel, createMachine, log, raise, setup } from 'xstate'
import { type Step, wrap } from '../../lib/protocol/machine.ts'
import { chat, history } from './machines.ts'

const test = suite('protocol machine')

const NOW = 1_000

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
  assert.ok(ended.state.done)
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
  assert.throws(() => machine.next(machine.start(undefined, NOW), { type: 'go' }, NOW), /spawn/)
})

test.run()
