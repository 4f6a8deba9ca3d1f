import { type AnyStateMachine, assign, setup } from 'xstate'
import { stay } from '../../lib/protocol/stay.ts'

/** A protocol to be raced. Every route has the same handler, which does what its message says. */
export interface Protocol {
  readonly machine: AnyStateMachine
  /** The routes: the events that a peer may send. */
  readonly names: readonly string[]
  /** The routes that hold the connection although the state stays. */
  readonly exclusive: readonly string[]
  /** The events that handlers raise and the server dispatches. */
  readonly internal: readonly string[]
  /** The channel that the handler of a route joins, or leaves. */
  readonly joins: Readonly<Record<string, string>>
  readonly leaves: Readonly<Record<string, string>>
  /** The channels that are for the members of a state alone. */
  readonly members: Readonly<Record<string, string>>
  /** What was said before the race. */
  readonly preludes: readonly (readonly string[])[]
}

const machine = setup({
  types: {
    context: {} as { notes: number },
    events: {} as {
      type: 'auth' | 'join' | 'leave' | 'send' | 'visit' | 'vote' | 'quit' | 'noted' | 'kicked'
    },
  },
  actions: { note: assign({ notes: ({ context }) => context.notes + 1 }) },
}).createMachine({
  id: 'chat',
  context: { notes: 0 },
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: 'authenticated' }, after: { 60000: 'expired' } },
    authenticated: {
      on: { join: 'joined', vote: stay, visit: stay, quit: 'left', noted: { actions: 'note' }, kicked: 'anonymous' },
    },
    joined: { on: { leave: 'authenticated', send: stay, vote: stay, visit: stay, noted: { actions: 'note' } } },
    left: { type: 'final' },
    expired: { type: 'final' },
  },
})

/** auth, then join, then send; a minute to authenticate. The lobby is for those who have joined; anybody may visit the hall. */
export const chat: Protocol = {
  machine,
  names: ['auth', 'join', 'leave', 'send', 'visit', 'vote', 'quit'],
  exclusive: ['vote'],
  internal: ['noted', 'kicked'],
  joins: { join: 'lobby', visit: 'hall' },
  leaves: { leave: 'lobby' },
  members: { lobby: 'joined' },
  preludes: [[], ['auth'], ['auth'], ['auth', 'join'], ['auth', 'join']],
}

/** A door that opens by itself, before any race begins. One vote at a time behind it. */
export const opening: Protocol = {
  machine: setup({}).createMachine({
    id: 'door',
    initial: 'shut',
    states: { shut: { after: { 20000: 'open' } }, open: { on: { vote: stay } } },
  }),
  names: ['vote'],
  exclusive: ['vote'],
  internal: [],
  joins: {},
  leaves: {},
  members: {},
  preludes: [[]],
}
