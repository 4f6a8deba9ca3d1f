import * as v from 'valibot'
import { accept, stay, ws } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { assign, setup } from 'xstate'

/** What became of messages. Numbered, so that each of them is known. */
export interface Tally {
  /** How often the handler ran through, by key: an effect outside. */
  readonly effects: Map<string, number>
  /** How often a message was committed, by its number. */
  readonly committed: Map<number, number>
  /** How often one that changes nothing was handled, by its number. */
  readonly heard: Map<number, number>
}

type Numbered = { readonly type: 'add'; readonly n: number }

/** An application with a counter in its machine, under a protocol that can be resumed. */
export const tallyApp = (during: (name: 'add' | 'say') => Promise<void> | undefined = () => undefined) => {
  const tally: Tally = { effects: new Map(), committed: new Map(), heard: new Map() }
  const connected: string[] = []
  const machine = setup({
    types: {
      context: {} as { count: number },
      events: {} as { type: 'enter' } | { type: 'say' } | { type: 'look' } | Numbered,
    },
    // Waits for the commit, so it counts what counts.
    actions: { commit: (_, { n }: { readonly n: number }) => count(tally.committed, n) },
  }).createMachine({
    id: 'tally',
    initial: 'outside',
    context: { count: 0 },
    states: {
      outside: { on: { enter: 'inside' } },
      inside: {
        on: {
          say: stay,
          look: stay,
          add: {
            actions: [
              assign({ count: ({ context }) => context.count + 1 }),
              { type: 'commit', params: ({ event }) => ({ n: event.n }) },
            ],
          },
        },
      },
    },
  })
  const app = ws({ warn: () => {} })
    .store(memory())
    .pushes({ said: v.number(), told: v.number() })
    .protocol(machine, { resume: resume({ secret: 'x'.repeat(32) }) })
    .onConnect(({ connection }) => {
      connected.push(connection.id)
      return accept()
    })
    .on('enter', ({ channel }) => channel('hall').join())
    .on('say', v.object({ n: v.number() }), async ({ data: { n } }) => {
      await during('say')
      count(tally.heard, n)
    })
    .on('add', v.object({ n: v.number() }), async ({ idempotencyKey }) => {
      await during('add')
      count(tally.effects, idempotencyKey)
    })
    .on('look', ({ connection, snapshot }) => ({ id: connection.id, count: snapshot.context.count }))
    .build()
  return { app, machine, tally, connected: connected as readonly string[] }
}

export const count = <Key>(counts: Map<Key, number>, key: Key): void => void counts.set(key, (counts.get(key) ?? 0) + 1)

/** Of so many that were said, how many were never counted, and how often one was counted once more. */
export const judge = (counts: ReadonlyMap<unknown, number>, said: number) => ({
  lost: said - counts.size,
  doubled: [...counts.values()].reduce((sum, times) => sum + times - 1, 0),
})
