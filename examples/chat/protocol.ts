import { stay } from 'ws-interlock'
import { assign, setup } from 'xstate'

/** auth, then join, then send. Each connection has a machine of its own, which remembers who speaks and where. */
export const chatProtocol = setup({
  types: {
    input: {} as { name: string },
    context: {} as { name: string; rooms: readonly string[] },
    events: {} as
      | { type: 'auth'; token: string }
      | { type: 'join'; room: string }
      | { type: 'send'; room: string; text: string },
  },
  actions: {
    enter: assign(({ context }, { room }: { room: string }) => ({ rooms: [...new Set([...context.rooms, room])] })),
  },
}).createMachine({
  id: 'chat',
  version: '1',
  context: ({ input }) => ({ name: input.name, rooms: [] }),
  initial: 'anonymous',
  states: {
    anonymous: {
      on: { auth: 'authenticated' },
      after: { 60000: 'expired' }, // a minute, because people type here; a program needs five seconds
    },
    authenticated: {
      on: { join: { target: 'joined', actions: { type: 'enter', params: ({ event }) => event } } },
    },
    joined: {
      on: { join: { actions: { type: 'enter', params: ({ event }) => event } }, send: stay },
    },
    // Final: the peer is told why, then disconnected.
    expired: { type: 'final', description: 'A minute has passed without a token. Connect again.' },
  },
})
