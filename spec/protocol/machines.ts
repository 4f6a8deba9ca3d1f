import { type AnyStateMachine, assign, createMachine, raise, setup } from 'xstate'
import { stay } from '../../lib/protocol/stay.ts'

/** auth, then join, then send; five seconds to authenticate. */
export const chat = createMachine({
  id: 'chat',
  version: '1',
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: 'authenticated' }, after: { 5000: 'expired' } },
    authenticated: { on: { join: 'joined', ping: stay } },
    joined: { on: { send: stay, leave: 'authenticated' } },
    expired: { type: 'final', description: 'You did not authenticate in time.' },
  },
})

const counting = { types: { context: {} as { n: number }, events: {} as { type: string; by?: number } } }

const nested = createMachine({
  id: 'nested',
  initial: 'out',
  states: {
    out: { on: { enter: 'in' } },
    in: {
      initial: 'one',
      on: { leave: 'out' },
      states: { one: { on: { next: 'two' } }, two: { on: { next: 'one', jump: '#nested.out' } } },
    },
  },
})

const parallel = createMachine({
  id: 'parallel',
  type: 'parallel',
  states: {
    light: { initial: 'off', states: { off: { on: { flip: 'on' } }, on: { on: { flip: 'off' } } } },
    sound: { initial: 'off', states: { off: { on: { flip: 'on', up: 'on' } }, on: { on: { down: 'off' } } } },
  },
})

export const history = createMachine({
  id: 'history',
  initial: 'work',
  states: {
    work: {
      initial: 'one',
      on: { pause: 'paused', deep: 'away' },
      states: {
        one: { on: { next: 'two' } },
        two: { initial: 'x', states: { x: { on: { next: 'y' } }, y: {} } },
        back: { type: 'history' },
        deepBack: { type: 'history', history: 'deep' },
      },
    },
    paused: { on: { resume: 'work.back', resumeDeep: 'work.deepBack' } },
    away: { on: { resumeDeep: 'work.deepBack' } },
  },
})

const guards = setup({
  ...counting,
  guards: { enough: ({ context }) => context.n >= 2, positive: ({ event }) => (event.by ?? 0) > 0 },
  actions: { add: assign({ n: ({ context, event }) => context.n + (event.by ?? 1) }) },
}).createMachine({
  id: 'guards',
  context: { n: 0 },
  initial: 'low',
  states: {
    low: {
      on: {
        add: [
          { guard: 'enough', target: 'high', actions: 'add' },
          { guard: 'positive', actions: 'add' },
        ],
      },
    },
    high: { on: { reset: { target: 'low', actions: assign({ n: 0 }) } } },
  },
})

const actions = setup({
  ...counting,
  actions: { enter: () => {}, exit: () => {}, move: () => {}, add: assign({ n: ({ context }) => context.n + 1 }) },
}).createMachine({
  id: 'actions',
  context: { n: 0 },
  initial: 'a',
  states: {
    a: { exit: ['exit', 'add'], on: { go: { target: 'b', actions: 'move' }, inner: { actions: 'move' } } },
    b: { entry: ['enter', 'add'], on: { go: { target: 'a' }, again: { target: 'b', reenter: true } } },
  },
})

const raising = createMachine({
  id: 'raising',
  initial: 'a',
  states: {
    a: { on: { go: { target: 'b', actions: raise({ type: 'on' }) } } },
    b: { on: { on: 'c' } },
    c: { on: { go: { target: 'a', actions: [raise({ type: 'go' }), raise({ type: 'on' })] } } },
  },
})

const always = setup(counting).createMachine({
  id: 'always',
  context: { n: 0 },
  initial: 'count',
  states: {
    count: {
      on: { add: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
      always: { guard: ({ context }) => context.n > 1, target: 'full' },
    },
    full: { entry: assign({ n: 0 }), on: { open: 'count' } },
  },
})

const final = createMachine({
  id: 'final',
  initial: 'a',
  states: {
    a: { on: { go: 'part', end: 'over' } },
    part: { initial: 'x', onDone: 'over', states: { x: { on: { go: 'y' } }, y: { type: 'final' } } },
    over: { type: 'final' },
  },
})

const delays = createMachine({
  id: 'delays',
  initial: 'a',
  states: {
    a: { after: { 100: 'b' }, on: { go: 'b' } },
    b: { after: { 200: 'a', 300: 'c' }, on: { go: 'c', again: { target: 'b', reenter: true } } },
    c: { on: { go: 'a' } },
  },
})

export interface Sample {
  readonly machine: AnyStateMachine
  /** What its transitions may be told, and something that it does not know. */
  readonly events: readonly { readonly type: string; readonly [key: string]: unknown }[]
}

const events = (...types: readonly string[]) => [...types, 'unheard-of'].map((type) => ({ type }))

/** A machine for each thing that XState's machines can do and a store can keep. */
export const samples: readonly Sample[] = [
  { machine: chat, events: events('auth', 'join', 'ping', 'send', 'leave', 'xstate.after.5000.chat.anonymous') },
  { machine: nested, events: events('enter', 'leave', 'next', 'jump') },
  { machine: parallel, events: events('flip', 'up', 'down') },
  { machine: history, events: events('next', 'pause', 'deep', 'resume', 'resumeDeep') },
  { machine: guards, events: [...events('add', 'reset'), { type: 'add', by: 2 }, { type: 'add', by: -1 }] },
  { machine: actions, events: events('go', 'inner', 'again') },
  { machine: raising, events: events('go', 'on') },
  { machine: always, events: events('add', 'open') },
  { machine: final, events: events('go', 'end') },
  {
    machine: delays,
    events: events(
      'go',
      'again',
      'xstate.after.100.delays.a',
      'xstate.after.200.delays.b',
      'xstate.after.300.delays.b',
    ),
  },
]
