import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { WebSocket } from 'ws'
import { ws } from 'ws-interlock'
import { ClientError, type ConnectOptions, connect, RemoteError } from 'ws-interlock/client'
import { type FakeClock, fakeClock } from 'ws-interlock/testing'
import { type Hostile, hostile, reply, type Script, type Victim } from '../kit/hostile.ts'
import { within } from '../kit/peer.ts'

/** What the client is typed by. It never runs: the server is another one. */
const app = ws({ warn: () => {} })
  .pushes({ said: v.unknown(), told: v.unknown() })
  .on('auth', v.unknown(), ({ data }) => data)
  .on('echo', v.unknown(), ({ data }) => data)
  .on('slow', v.unknown(), ({ data }) => data)
  .build()

export type Options = ConnectOptions<typeof app>
type SpecClock = Pick<FakeClock, 'now' | 'setTimeout' | 'clearTimeout' | 'next' | 'advance'>

export const MINUTE = 60_000
/** Far longer than anything takes here. */
const PATIENCE_MS = 15_000
const MAX_TIMER_MS = 2 ** 31 - 1

const open = new Set<() => Promise<void>>()

/** For `suite.after.each`. */
export const closeAll = async (): Promise<void> => {
  for (const close of open) await close()
  open.clear()
}

/** All that the client loads when it is first needed, so that no turn is lost by it. For `suite.before`. */
export const loadAll = async (): Promise<void> => {
  const folder = join(import.meta.dirname, '../../lib/client')
  for (const name of readdirSync(folder)) if (name.endsWith('.ts')) await import(join(folder, name))
}

/**
 * A client of a hostile server, over real sockets. Its clock stands still, and what is due runs: without jitter every wait
 * before another attempt is over at once. Time goes on by `clock.advance`.
 */
export const victim = async (script: Script = {}, options: Options = {}, clock: SpecClock = fakeClock()) => {
  const server = await hostile(script)
  const errors: unknown[] = []
  // As a real timer: what is no number, or too large, is over at once.
  const waits: number[] = []
  const setTimeout: typeof clock.setTimeout = (run, ms) => {
    waits.push(ms)
    return clock.setTimeout(run, ms <= MAX_TIMER_MS ? ms : 0)
  }
  const client = connect<typeof app>(server.url, {
    WebSocket,
    clock: { ...clock, setTimeout },
    random: () => 0,
    onError: (error) => errors.push(error),
    ...options,
  })
  const states: string[] = [client.state]
  client.subscribe(() => states.at(-1) === client.state || states.push(client.state))
  const pump = setInterval(() => clock.advance(0), 1)
  open.add(async () => {
    client.close()
    clearInterval(pump)
    await server.close()
  })
  /** Resolves when it is true: looked at with each state, and in between. */
  const until = (what: string, isSo: () => boolean) =>
    within<void>(
      what,
      (done) => {
        const look = () => {
          if (!isSo()) return setImmediate(look)
          return done()
        }
        look()
      },
      PATIENCE_MS,
    )
  const untilState = (state: string) => until(`the state '${state}' of the client`, () => client.state === state)
  /** Let a minute pass, once something waits for it: the code that does is loaded when the connection is in service. */
  const roll = async () => {
    await until('something that waits for a minute', () => waits.includes(MINUTE))
    clock.advance(MINUTE)
  }
  return {
    client,
    server,
    clock,
    errors,
    states: states as readonly string[],
    /** All that was waited for, in milliseconds. */
    waits: waits as readonly number[],
    roll,
    until,
    untilState,
  }
}

/** Let the turns of the event loop pass that a message would need to come, so that its absence says something. */
export const aWhile = async (): Promise<void> => {
  for (let turns = 0; turns < 30; turns++) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** A server that answers everything as it should. */
export const kind: NonNullable<Script['heard']> = (victim, said) => reply(victim, said, said.data)

/** What became of a promise: its value, or the code of its failure. */
export const outcomeOf = (sent: Promise<unknown>): Promise<unknown> =>
  sent.catch((error) => {
    if (error instanceof RemoteError || error instanceof ClientError) return error.code
    throw error
  })

/** What was heard by the name of a message, on one connection. */
export const said = ({ heard }: Victim, action: string): unknown[] =>
  heard.filter((one) => one.action === action).map(({ data }) => data)

export type { Hostile }
