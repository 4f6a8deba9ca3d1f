import * as v from 'valibot'
import { WebSocket } from 'ws'
import { accept, ws } from 'ws-interlock'
import { type Client, type ConnectOptions, connect } from 'ws-interlock/client'
import { localGateway } from 'ws-interlock/local'
import { memory } from 'ws-interlock/store/memory'
import type { AppLike } from '../../lib/types/app.ts'
import { count, judge, tallyApp } from '../client/tally.ts'

/** What came of messages both ways while the client changed connections. */
export interface Rollover {
  /** Connections that were made after the first one. */
  readonly changes: number
  readonly requests: Came
  readonly pushes: Came
}

interface Came {
  readonly lost: number
  readonly doubled: number
}

const MESSAGES = 1_000
/** A change is asked for after so many messages each way, and has happened before as many more have been sent. */
const PER_CHANGE = 125

/** Under a protocol that can be resumed: messages of which each tenth changes the state, broadcasts and direct pushes. */
export const resumed = (): Promise<Rollover> => {
  const { app, machine, tally, connected } = tallyApp()
  return changing({
    app,
    connected,
    options: {
      protocol: machine,
      onReady: async ({ send, recovered }) => {
        if (!recovered) await send('enter')
      },
    } satisfies ConnectOptions<typeof app>,
    nameOf: (n) => (n % 10 === 0 ? 'add' : 'say'),
    requests: () => {
      const exclusive = judge(tally.committed, MESSAGES / 10)
      const shared = judge(tally.heard, MESSAGES - MESSAGES / 10)
      return { lost: exclusive.lost + shared.lost, doubled: exclusive.doubled + shared.doubled }
    },
  })
}

/** Without one: `onReady` joins again, and broadcasts carry ids. */
export const rejoined = (): Promise<Rollover> => {
  const connected: string[] = []
  const heard = new Map<number, number>()
  const app = ws({ warn: () => {} })
    .store(memory())
    .channels({ ids: true })
    .pushes({ said: v.number(), told: v.number() })
    .onConnect(({ connection }) => {
      connected.push(connection.id)
      return accept()
    })
    .on('enter', ({ channel }) => channel('hall').join())
    .on('say', v.object({ n: v.number() }), ({ data: { n } }) => count(heard, n))
    .build()
  return changing({
    app,
    connected,
    options: { onReady: async ({ send }) => void (await send('enter')) } satisfies ConnectOptions<typeof app>,
    nameOf: () => 'say',
    requests: () => judge(heard, MESSAGES),
  })
}

/** The part of an application that all of them have here. */
interface Hall {
  readonly server: {
    readonly connection: (id: string) => {
      readonly push: (name: 'told', n: number) => Promise<boolean>
      readonly goAway: () => Promise<boolean>
    }
    readonly channel: (name: string) => { readonly broadcast: (name: 'said', n: number) => Promise<unknown> }
  }
}

interface Scene {
  readonly app: Hall & object
  /** Ids of connections, in the order in which they were let in. */
  readonly connected: readonly string[]
  readonly options: object
  readonly nameOf: (n: number) => string
  readonly requests: () => Came
}

const changing = async ({ app, connected, options, nameOf, requests }: Scene): Promise<Rollover> => {
  const gateway = await localGateway(app as never, { notice: () => {} })
  const came = new Map<number, number>()
  const opened: (() => void)[] = []
  let served = 0
  const { onReady } = options as { readonly onReady: (ready: unknown) => Promise<void> }
  const client = connect<AppLike>(gateway.url, {
    WebSocket,
    // It changes by itself, and when it is asked to: not long after.
    rolloverMs: 400,
    random: () => 0.001,
    lingerMs: 1_000,
    ...options,
    onReady: async (ready: unknown) => {
      await onReady(ready)
      served = connected.length
      for (const resolve of opened.splice(0)) resolve()
    },
  } as never) as unknown as Client<AppLike> & Loose
  const change = async (from: number) => {
    while (served <= from) await new Promise<void>((resolve) => opened.push(resolve))
  }
  client.on('said', (n) => count(came, n))
  client.on('told', (n) => count(came, n))
  /** So many in a row, one of two ways, with changes in between. */
  const all = async (send: (n: number) => Promise<unknown>) => {
    let next = 0
    const changes = Array.from({ length: MESSAGES / PER_CHANGE }, () => undefined as Promise<void> | undefined)
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        while (next < MESSAGES) {
          const n = next++
          const turn = Math.floor(n / PER_CHANGE)
          await changes[turn - 1]
          changes[turn] ??= change(served)
          await send(n)
        }
      }),
    )
  }
  try {
    await change(0)
    let failed = 0
    await Promise.all([
      all(async (n) => {
        await client.send(nameOf(n), { n }).catch(() => failed++)
      }),
      all(async (n) => {
        const id = connected[served - 1] ?? ''
        if (n % PER_CHANGE === 10) await app.server.connection(id).goAway()
        if (n % 2 === 0) return app.server.channel('hall').broadcast('said', n)
        if (!(await app.server.connection(id).push('told', n))) throw new Error(`A push had nowhere to go: ${n}.`)
      }),
    ])
    // What was sent is read by then: it is answered behind it, on each of the two connections that may be listened to.
    for (let left = 100; left > 0 && came.size < MESSAGES; left--) await new Promise((go) => setTimeout(go, 20))
    const { lost, doubled } = requests()
    return { changes: connected.length - 1, requests: { lost: lost + failed, doubled }, pushes: judge(came, MESSAGES) }
  } finally {
    client.close()
    await gateway.close()
  }
}

/** Typed by no application, since there are two. */
interface Loose {
  readonly send: (name: string, data: unknown) => Promise<unknown>
  readonly on: (name: string, listener: (n: number) => void) => () => void
}
