import * as v from 'valibot'
import { accept, type Store, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { type FaultOptions, faulty, makeId, messageEvent } from 'ws-interlock/testing'
import { assign, setup } from 'xstate'
import { lambdaWith, peer, stoppedClock, wire } from '../kit/wire.ts'

/** Many may vote, each of them in turn; one may seal. */
const machine = setup({
  types: {
    context: {} as { votes: readonly string[] },
    events: {} as { type: 'vote'; by: string } | { type: 'seal'; by: string } | { type: 'look' },
  },
}).createMachine({
  id: 'poll',
  context: { votes: [] },
  initial: 'open',
  states: {
    open: {
      on: {
        vote: { actions: assign({ votes: ({ context, event }) => [...context.votes, event.by] }) },
        seal: { target: 'sealed', actions: assign({ votes: ({ context, event }) => [...context.votes, event.by] }) },
        look: stay,
      },
    },
    sealed: { on: { look: stay } },
  },
})

interface Channel {
  readonly join: () => Promise<void>
  readonly leave: () => Promise<void>
}

export type Faults = Omit<FaultOptions, 'seed'>

export interface Setting {
  readonly seed: number
  readonly faults: Faults
  /** The good store. @default memory() */
  readonly whole?: (store: Store) => Store
}

/** One connection of a poll whose store has faults, and what became of it. */
export const poll = async ({ seed, faults, whole = (store) => store }: Setting) => {
  const net = wire()
  const connectionId = makeId()
  const { now, advance } = stoppedClock()
  // Others go on while one waits.
  const wait = async (ms: number) => {
    advance(ms)
    for (let turn = 0; turn < 12; turn++) await undefined
  }
  const good = whole(memory({ now }))
  const store = faulty(good, { seed, ...faults })
  const ran: string[] = []
  const reported: unknown[] = []
  let running = 0
  let overlapped = false
  /** One instance of the function. */
  const instance = (kept: Store) => {
    const change = async (by: string, channel: (name: string) => Channel) => {
      overlapped ||= running++ > 0
      ran.push(by)
      await channel(by).join()
      await channel('lobby').leave()
      for (let turn = 0; turn < 5; turn++) await undefined
      running--
    }
    const input = v.object({ by: v.string() })
    const app = ws({ gateway: net.gateway, clock: { now, wait }, random: () => 0.5, warn: () => {} })
      .store(kept)
      .protocol(machine)
      .onConnect(async ({ channel }) => {
        await channel('lobby').join()
        return accept()
      })
      .on('vote', input, ({ data: { by }, channel }) => change(by, channel))
      .on('seal', input, ({ data: { by }, channel }) => change(by, channel))
      .on('look', v.undefined(), ({ snapshot }) => void ran.push(`look ${snapshot.context.votes}`))
      .onError((error) => void reported.push(error))
      .build()
    return peer(app, net, connectionId)
  }
  const [calm, shaky] = [instance(good), instance(store)]
  await calm.connect()

  /** Send a message, each to an invocation of its own. Under its `id` the peer is told what came of it. */
  const say = (one: typeof calm, action: string, id: string) => {
    const body = { action, id, ...(action !== 'look' && { data: { by: id } }) }
    return one.handle(messageEvent({ connectionId, body }), lambdaWith(30_000, makeId()))
  }
  return {
    store,
    advance,
    now,
    ran,
    reported,
    /** Through the store with faults, and through the good one. */
    shaky: (action: string, id: string) => say(shaky, action, id),
    calm: (action: string, id: string) => say(calm, action, id),
    leave: () => shaky.disconnect({}, lambdaWith(30_000, makeId())),
    /** What the peer has been told since the last look, by the id of the message. Each is told once. */
    told: () => {
      const frames = net.taken(connectionId) as { id: string; error?: { code: string } }[]
      const told = new Map(frames.map(({ id, error }) => [id, error?.code ?? 'OK']))
      if (told.size !== frames.length) throw new Error(`Somebody was told twice: ${JSON.stringify(frames)}`)
      return told
    },
    overlapped: () => overlapped,
    record: () => good.records.read(connectionId),
    votes: async () => {
      const { state } = (await good.records.read(connectionId)) ?? {}
      return (state?.context as { votes?: readonly string[] } | undefined)?.votes ?? []
    },
    channels: async () => [...(await good.memberships.channels(connectionId))],
    /** For the message of a claim that does not hold. */
    story: () => `seed ${seed}: ${JSON.stringify(store.injected)}`,
  }
}
