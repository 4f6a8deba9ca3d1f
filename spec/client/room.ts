import { stay } from 'ws-interlock'
import { assign, setup } from 'xstate'

/** A key to come in, a rest of ten seconds at most, and an end. */
export const machine = setup({
  types: {
    context: {} as { tries: number; name: string },
    input: {} as { name: string } | undefined,
    events: {} as
      | { type: 'auth'; key: string }
      | { type: 'send' }
      | { type: 'rest' }
      | { type: 'leave' }
      | { type: 'known' }
      | { type: 'kicked' },
  },
  guards: { right: ({ event }) => event.type === 'auth' && event.key === 'key' },
  actions: { count: assign({ tries: ({ context }) => context.tries + 1 }) },
}).createMachine({
  id: 'room',
  context: ({ input }) => ({ tries: 0, name: input?.name ?? 'nobody' }),
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: { guard: 'right', target: 'guest', actions: 'count' } } },
    guest: { on: { rest: 'resting', leave: 'left', known: 'member', send: stay } },
    member: { on: { leave: 'left', kicked: 'anonymous' } },
    resting: { on: { send: 'guest' }, after: { 10000: 'guest' } },
    left: { type: 'final', description: 'Come again.' },
  },
})

export const INTERNAL = ['known', 'kicked'] as const
