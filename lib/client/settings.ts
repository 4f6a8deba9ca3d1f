import type { AppLike } from '../types/app.ts'
import type { ClientCodec } from './codec.ts'
import type { ConnectOptions, SocketClass } from './options.ts'

/** What `connect()` was given, with what all of it needs. What is needed later has its defaults there. */
export type Settings = ReturnType<typeof settingsOf>

export const settingsOf = (given: string | URL, options: ConnectOptions<AppLike>) => {
  const url = `${given}`.replace(/^http/, 'ws')
  const {
    WebSocket = (globalThis as { readonly WebSocket?: SocketClass }).WebSocket,
    onReady = () => {},
    clock = TIME,
    random = Math.random,
    timeoutMs = 30_000,
    openMs = 10_000,
    maxQueue = 100,
    codec = json,
    order,
    token,
    protocols,
  } = options
  if (!WebSocket) throw new TypeError("connect: there is no WebSocket. Pass { WebSocket } of 'ws'.")
  if (!/^wss?:\/\/./.test(url)) throw new TypeError(`connect: '${given}' is no wss:// URL.`)
  /** Whoever listens to errors must not make more of them. */
  const onError = (error: unknown): void => {
    try {
      options.onError?.(error)
    } catch {}
  }
  return {
    ...options,
    given: options,
    url,
    WebSocket,
    onReady,
    onError,
    clock,
    random,
    timeoutMs,
    openMs,
    maxQueue,
    codec,
    order: new Set<string>(order),
    /** Nothing is offered at the handshake. */
    isPlain: !token && !protocols && codec === json,
  }
}

/** JSON as it stands: lib/wire/README.md. */
const json: ClientCodec = {
  subprotocol: 'ws-interlock',
  write: (message) => JSON.stringify(message),
  // What is no frame answers nothing, and that is what is said of it.
  read: (text) => JSON.parse(text) ?? {},
}

// Looked up with each call: a test may replace them.
const TIME = {
  now: () => Date.now(),
  setTimeout: (run: () => void, ms: number): unknown => setTimeout(run, ms),
  clearTimeout: (timer: never) => clearTimeout(timer),
}
