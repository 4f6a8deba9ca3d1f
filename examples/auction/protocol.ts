import { stay } from 'ws-interlock'
import { assign, setup } from 'xstate'

/** A bid is allowed while the bidder's lot is open. `hammer` comes from the server, never from a peer. */
export const auctionProtocol = setup({
  types: {
    input: {} as { name: string },
    context: {} as { name: string; lot: string },
    events: {} as { type: 'enter'; lot: string } | { type: 'bid'; amount: number } | { type: 'hammer' },
  },
  actions: { choose: assign((_, { lot }: { lot: string }) => ({ lot })) },
}).createMachine({
  id: 'auction',
  version: '1',
  context: ({ input }) => ({ name: input.name, lot: '' }),
  initial: 'watching',
  states: {
    watching: {
      on: { enter: { target: 'bidding', actions: { type: 'choose', params: ({ event }) => event } } },
    },
    bidding: { on: { bid: stay, hammer: 'closed' } },
    closed: {
      on: { enter: { target: 'bidding', actions: { type: 'choose', params: ({ event }) => event } } },
    },
  },
})
