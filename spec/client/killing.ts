import { WebSocket } from 'ws'
import { type ConnectOptions, connect, RemoteError } from 'ws-interlock/client'
import { localGateway } from 'ws-interlock/local'
import { count, judge, tallyApp } from './tally.ts'
import { type End, wire } from './wire.ts'

/** What came of messages whose connection was killed again and again. */
export interface Killed {
  readonly messages: number
  readonly kills: number
  readonly connections: number
  /** Messages that failed: neither answered, nor known to be applied. By code. */
  readonly failed: { readonly [code: string]: number }
  /** Of those that change the state: never committed, or committed once more. */
  readonly lost: number
  readonly doubled: number
  /** The counter of the machine, which is to be how many of them there were. */
  readonly counted: number
  readonly exclusive: number
  /** Keys of effects, which are to be as many. */
  readonly keys: number
  /** Of those that change nothing: never handled. */
  readonly unheard: number
  readonly sentAgain: number
  readonly ms: number
}

/** Where a kill strikes, one after the other. */
const SPOTS: readonly { readonly end: End; readonly during: Moment }[] = [
  { end: 'gateway', during: undefined },
  { end: 'client', during: undefined },
  { end: 'gateway', during: 'say' },
  { end: 'client', during: 'add' },
  { end: 'gateway', during: 'add' },
  { end: 'client', during: 'say' },
  { end: 'gateway', during: 'takeover' },
  { end: 'client', during: 'takeover' },
]

/** In the middle of a handler, while the state is taken over, or between two messages. */
type Moment = 'say' | 'add' | 'takeover' | undefined

/**
 * Send so many messages, fifty at a time and each tenth one changing the state, and kill the connection whenever
 * `isTime` says so: between two messages, or in the middle of a handler, which goes on when the next connection is there.
 */
export const killing = async (
  messages: number,
  isTime: (answered: number) => boolean,
  more: { readonly pipeline?: boolean } = {},
): Promise<Killed> => {
  let kills = 0
  let strikes = 0
  let isDue = false
  /** The end to cut while the state is taken over. */
  let next: End | undefined
  let back = Promise.resolve()
  const kill = (end: End) => {
    kills++
    line.cut(end)
  }
  const strike = (during: Moment) => {
    const spot = SPOTS[strikes % SPOTS.length]
    if (!isDue || !spot || (spot.during ?? 'takeover') !== (during ?? 'takeover')) return undefined
    isDue = false
    strikes++
    back = untilBack()
    if (spot.during === 'takeover') next = spot.end
    kill(spot.end)
    // Half of the handlers are through before the client is back.
    return strikes % 2 === 0 ? back : undefined
  }
  /** A takeover begins: it is killed at another turn each time, from the first one to after its end. */
  const takesOver = async () => {
    const end = next
    next = undefined
    for (let turns = strikes % 24; end && turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
    if (end) kill(end)
  }
  const { app, machine, tally, connected } = tallyApp(strike)
  const gateway = await localGateway(app, { notice: () => {} })
  const line = await wire(gateway.url)
  let sentAgain = 0
  const sent = new Set<string>()
  class Counting extends WebSocket {
    override send(text: string) {
      const id = /"id":"(\d+)"/.exec(text)?.[1] ?? ''
      if (sent.has(id)) sentAgain++
      sent.add(id)
      super.send(text)
      if (text.includes('"$resume"')) void takesOver()
    }
  }
  const client = connect<typeof app>(line.url, {
    ...more,
    WebSocket: Counting,
    protocol: machine,
    resend: 'recovered',
    reconnect: { baseMs: 5, maxMs: 20 },
    onReady: async ({ send, recovered }) => {
      if (!recovered) await send('enter')
    },
  } satisfies ConnectOptions<typeof app>)
  const untilBack = () =>
    new Promise<void>((resolve) => {
      let wasAway = false
      const stop = client.subscribe(() => {
        wasAway ||= client.state !== 'open'
        if (!wasAway || client.state === 'waiting') return
        stop()
        resolve()
      })
    })
  const failed = new Map<string, number>()
  let last = 0
  let answered = 0
  const worker = async () => {
    while (last < messages) {
      const n = last++
      await client.send(n % 10 === 0 ? 'add' : 'say', { n }).catch((error) => {
        if (error instanceof RemoteError && error.code === 'ALREADY_EXISTS') return
        count(failed, `${Object(error).code}: ${error.message}`)
      })
      isDue ||= isTime(++answered)
      strike(undefined)
    }
  }
  const startedAt = performance.now()
  try {
    await Promise.all(Array.from({ length: 50 }, worker))
    const ms = performance.now() - startedAt
    const { count: counted } = await client.send('look')
    const exclusive = Math.ceil(messages / 10)
    return {
      ...judge(tally.committed, exclusive),
      messages,
      kills,
      connections: connected.length,
      failed: Object.fromEntries(failed),
      counted,
      exclusive,
      keys: tally.effects.size,
      unheard: judge(tally.heard, messages - exclusive).lost,
      sentAgain,
      ms,
    }
  } finally {
    client.close()
    await line.close()
    await gateway.close()
  }
}
