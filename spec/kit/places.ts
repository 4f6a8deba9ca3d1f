import { localGateway } from 'ws-interlock/local'
import { HandshakeError, testGateway } from 'ws-interlock/testing'
import { knock } from './local.ts'
import { type Peer, peer } from './peer.ts'

/** Where a handler can run: the claims about an application are the same in each. */
export interface Place {
  /** A client that is let in. */
  readonly peer: (query: string) => Promise<Peer>
  /** The status of a handshake. */
  readonly statusOf: (query: string) => Promise<number>
  readonly close: () => Promise<void>
}

type Handler = ((event: never, context: never) => Promise<unknown>) & object

export const PLACES: readonly (readonly [name: string, open: (handler: Handler) => Promise<Place>])[] = [
  [
    'over sockets',
    async (handler) => {
      const gateway = await localGateway(handler)
      return {
        peer: (query) => peer(`${gateway.url}${query}`),
        statusOf: async (query) => (await knock(`${gateway.url}${query}`)).status,
        close: gateway.close,
      }
    },
  ],
  [
    'in process',
    async (handler) => {
      const gateway = testGateway<object>(handler)
      return {
        peer: async (query) => {
          const { request: ask, pushed, close, untilClosed } = await gateway.connect({ query })
          return { ask, pushed, close: () => close(1000), closed: untilClosed() }
        },
        statusOf: (query) =>
          gateway.connect({ query }).then(
            () => 101,
            (error: unknown) => {
              if (error instanceof HandshakeError) return error.status
              throw error
            },
          ),
        close: gateway.close,
      }
    },
  ],
]
