import * as v from 'valibot'
import { accept, type Clock, type Gateway, PermissionDeniedError, route, type Store, stay, ws } from 'ws-interlock'
import { setup } from 'xstate'

export type Name = 'auth' | 'join' | 'send' | 'vote' | 'leave' | 'fail'

/** auth, join, send, leave; a vote is counted wherever one may cast it; nobody ever gets to `broken`. */
export const machine = setup({ types: { events: {} as { type: Name } } }).createMachine({
  id: 'soak',
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: 'known' } },
    known: { on: { join: 'joined', vote: stay, fail: 'broken' } },
    joined: { on: { leave: 'known', send: stay, vote: stay, fail: 'broken' } },
    broken: {},
  },
})

/** Every message but this one holds its connection. */
export const isShared = (name: Name): boolean => name === 'send'

/** The channel of whoever has joined. Each connection has its own. */
export const roomOf = (connectionId: string) => `room ${connectionId}`

interface Setting {
  readonly store: Store
  readonly gateway: Gateway
  readonly clock: Clock
  /** A handler has begun, in a state. Resolves when it may go on. */
  readonly during: (state: string) => Promise<void>
  /** It is through. */
  readonly ends: () => void
}

export const application = ({ store, gateway, clock, during, ends }: Setting) =>
  ws({ gateway, clock, warn: () => {} })
    .store(store)
    .pushes({ said: v.string() })
    .protocol(machine)
    .use(async (context, next) => {
      if (context.phase !== 'message') return next()
      await during(String(context.snapshot.value))
      try {
        return await next()
      } finally {
        ends()
      }
    })
    .onConnect(() => accept())
    .on('auth', ({ push }) => push('said', 'auth'))
    .on('join', async ({ connection, channel, push }) => {
      await channel(roomOf(connection.id)).join()
      await push('said', 'join')
    })
    .on('leave', async ({ connection, channel, push }) => {
      await channel(roomOf(connection.id)).leave()
      await push('said', 'leave')
    })
    .on('send', () => {})
    .on('vote', route({ exclusive: true }), ({ push }) => push('said', 'vote'))
    .on('fail', async ({ push }) => {
      await push('said', 'fail')
      throw new PermissionDeniedError('As was asked.')
    })
    .onError(() => {})
    .build()
