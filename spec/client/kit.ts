import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ConnectOptions, connect } from 'ws-interlock/client'
import { type TestGatewayOptions, type TestSocket, testGateway } from 'ws-interlock/testing'
import type { AppLike } from '../../lib/types/app.ts'
import { warm } from '../kit/warm.ts'

/** A frame, and on which connection it went. */
export interface Seen {
  readonly connectionId: string
  readonly isOut: boolean
  /** On the clock. */
  readonly at: number
  readonly action?: string
  readonly id?: string
  readonly dep?: number
  readonly event?: string
  readonly data?: unknown
  readonly error?: { readonly code: string }
}

/** A way to connect. */
export interface Dialled {
  readonly at: number
  readonly url: string
  readonly protocols: readonly string[]
}

/** A gateway in process, and a client with all that it says, hears and does. */
export const begin = <A extends AppLike & object>(
  app: A,
  options: Partial<ConnectOptions<A>> = {},
  given: TestGatewayOptions & {
    readonly path?: string
    readonly meet?: (socket: TestSocket, count: number) => void
  } = {},
) => {
  const { path = '', meet, ...rest } = given
  const gateway = testGateway(app, rest)
  const { clock } = gateway
  const seen: Seen[] = []
  const dialled: Dialled[] = []
  const errors: unknown[] = []
  const states: string[] = []
  class WebSocket extends gateway.WebSocket {
    constructor(url: string, protocols: string[] = []) {
      super(url, protocols)
      dialled.push({ at: clock.now(), url, protocols })
      meet?.(this, dialled.length)
      this.addEventListener('message', ({ data }) => note(this.connectionId, false, data))
    }
    override send(text: string): void {
      note(this.connectionId, true, text)
      super.send(text)
    }
  }
  const note = (connectionId: string, isOut: boolean, text: string) =>
    seen.push({ ...JSON.parse(text), connectionId, isOut, at: clock.now() })
  const all = { WebSocket, clock, random: () => 0.5, onError: (error: unknown) => errors.push(error), ...options }
  const client = connect<A>(gateway.url + path, all as never)
  client.subscribe(() => {
    if (client.state !== states.at(-1)) states.push(client.state)
  })
  const settle = async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await gateway.settled()
      await loaded()
    }
  }
  const pass = async (ms: number) => {
    const end = clock.now() + ms
    await settle()
    for (let next = clock.next(); next !== undefined && next <= end; next = clock.next()) {
      await gateway.advance(Math.max(0, next - clock.now()))
      await settle()
    }
    await gateway.advance(Math.max(0, end - clock.now()))
    await settle()
  }
  return {
    gateway,
    clock,
    client,
    seen: seen as readonly Seen[],
    dialled: dialled as readonly Dialled[],
    errors: errors as readonly unknown[],
    states: states as readonly string[],
    /** Messages that left, by name. */
    sent: (name: string) => seen.filter(({ isOut, action }) => isOut && action === name),
    /** Wait until all is through that needs no more time. */
    settle,
    /** Let time go by, from timer to timer, and let code be loaded in between. */
    pass,
    /** The line of the connection that is in service, or was made last. */
    socket: () => {
      const socket = gateway.sockets.at(-1)
      if (!socket) throw new Error('There is no connection.')
      return socket
    },
    end: async () => {
      client.close()
      await gateway.close()
    },
  }
}

/** How a promise came out, in a value. */
export const outcome = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ value, error: undefined }),
    (error: Error & { readonly code?: string }) => ({ value: undefined, error }),
  )

/** The code with which it failed. */
export const codeOf = async (promise: Promise<unknown>) => (await outcome(promise)).error?.code

const FOLDER = join(import.meta.dirname, '../../lib/client')
const PARTS = readdirSync(FOLDER).map((name) => pathToFileURL(join(FOLDER, name)).href)

/** For `suite.before`: have everything loaded that is loaded late. */
export const warmClient = async (): Promise<void> => {
  await warm()
  await Promise.all(PARTS.filter((part) => part.endsWith('.ts')).map((part) => import(part)))
}

/** Whoever asked the loader before this has its answer by then: it answers one after the other. */
const loaded = () => import('../../lib/client/index.ts')

/** From a frame to what it loads, to what is done then, and back. */
const ROUNDS = 4
