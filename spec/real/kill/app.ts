import * as v from 'valibot'
import { accept, type Clock, type Gateway, type Store, ws } from 'ws-interlock'
import { assign, setup } from 'xstate'

/** auth, then in and out of a room; votes are counted wherever one stands. */
export const machine = setup({
  types: {
    context: {} as { votes: number },
    events: {} as { type: 'auth' } | { type: 'enter' } | { type: 'exit' } | { type: 'vote' },
  },
  actions: { count: assign({ votes: ({ context }) => context.votes + 1 }) },
}).createMachine({
  id: 'kill',
  context: { votes: 0 },
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: 'known' } },
    known: { on: { enter: 'inside', vote: { actions: 'count' } } },
    inside: { on: { exit: 'known', vote: { actions: 'count' } } },
  },
})

/** The channel of everybody who was let in, and that of whoever is inside. Each connection has its own two. */
export const hallOf = (connectionId: string) => `hall ${connectionId}`
export const roomOf = (connectionId: string) => `room ${connectionId}`

interface Setting {
  readonly store: Store
  readonly gateway: Gateway
  readonly clock?: Clock
  /** A handler has begun. */
  readonly begins: (name: string) => void
}

/** The application whose functions are killed: what the child runs and what its successors run. */
export const application = ({ store, gateway, clock = Date, begins }: Setting) =>
  ws({ gateway, clock, warn: () => {} })
    .store(store)
    .pushes({ said: v.string() })
    .protocol(machine)
    .onConnect(async ({ connection, channel }) => {
      begins('connect')
      await channel(hallOf(connection.id)).join()
      return accept()
    })
    .on('auth', () => begins('auth'))
    .on('vote', () => begins('vote'))
    .on('enter', async ({ connection, channel, push }) => {
      begins('enter')
      await channel(roomOf(connection.id)).join()
      await push('said', 'inside')
    })
    .on('exit', async ({ connection, channel, push }) => {
      begins('exit')
      await channel(roomOf(connection.id)).leave()
      await push('said', 'outside')
    })
    .onDisconnect(() => begins('disconnect'))
    .onError(() => {})
    .build()
