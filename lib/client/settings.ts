import type { AppLike } from '../types/app.ts'
import type { Awaitable } from '../types/awaitable.ts'
import type { ClientCodec, Incoming } from './codec.ts'
import type { ConnectOptions, SocketClass, Token } from './options.ts'

/** What `connect()` was given, complete. */
export type Settings = ReturnType<typeof settingsOf>

export const settingsOf = (given: string | URL, options: ConnectOptions<AppLike>) => {
  const all: Complete = { ...DEFAULTS, ...options }
  const url = `${given}`.replace(/^http/, 'ws')
  const { WebSocket = (globalThis as { readonly WebSocket?: SocketClass }).WebSocket } = options
  if (!WebSocket) throw new TypeError("connect: there is no WebSocket here. On Node 20 pass { WebSocket } of 'ws'.")
  if (!/^wss?:\/\/./.test(url))
    throw new TypeError(`connect: '${given}' is no URL like wss://ID.execute-api.REGION.amazonaws.com/STAGE.`)
  /** Run what is the user's, and be none the worse for it. */
  const attempt = (run: () => void, failed = onError) => {
    try {
      run()
    } catch (error) {
      failed(error)
    }
  }
  /** Whoever listens to errors must not make more of them. */
  const onError = (error: unknown): void => attempt(() => all.onError(error), ignore)
  return {
    ...all,
    given: options,
    url,
    WebSocket,
    attempt,
    onError,
    reconnect: { baseMs: 250, maxMs: 30_000, attempts: 1 / 0, ...options.reconnect },
    order: new Set<string>(all.order),
    /** The next token, with its end, where that is known. */
    nextToken: async (): Promise<Token | undefined> => {
      const token = await all.token?.()
      return typeof token === 'string' ? { token, expiresAt: 1 / 0 } : token
    },
    /** Whether something is offered at the handshake. */
    isPlain: !all.token && all.codec === json && !all.protocols[0],
  }
}

type Complete = typeof DEFAULTS & Pick<ConnectOptions<AppLike>, 'token' | 'protocol' | 'input'>

/** JSON as it stands: lib/wire/README.md. */
const json: ClientCodec = {
  subprotocol: 'ws-interlock',
  write: (message) => JSON.stringify(message),
  read: (text) => {
    const frame: unknown = JSON.parse(text)
    if (Object(frame) === frame) return frame as Incoming
    throw new Error(`A frame is an object, and not ${text}`)
  },
}

const ignore = () => {}

const DEFAULTS = {
  codec: json,
  tokenBy: 'subprotocol',
  protocols: [] as readonly string[],
  order: [] as readonly string[],
  pipeline: false,
  resend: 'recovered' as 'recovered' | 'always' | 'never',
  onReady: ignore as (ready: never) => Awaitable<void>,
  onError: ignore as (error: unknown) => void,
  random: () => Math.random(),
  // Looked up with each call: a test may replace them.
  clock: {
    now: () => Date.now(),
    setTimeout: (run: () => void, ms: number): unknown => setTimeout(run, ms),
    clearTimeout: (timer: never) => clearTimeout(timer),
  },
  maxQueue: 100,
  timeoutMs: 30_000,
  openMs: 10_000,
  heartbeatMs: 300_000,
  rolloverMs: 6_600_000,
  lingerMs: 5_000,
}
