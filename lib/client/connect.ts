import type { AppLike } from '../types/app.ts'
import type { Client, SendOptions } from '../types/client.ts'
import type { ConnectArguments, ConnectOptions } from './options.ts'
import { makeSession } from './session.ts'
import { settingsOf } from './settings.ts'

/**
 * Connect to a WebSocket API: typed by the application, without generated code, and with none of the server's code.
 *
 * ```ts
 * import type { chat } from './server.ts'
 *
 * const client = connect<typeof chat>('wss://ID.execute-api.eu-west-1.amazonaws.com/prod', {
 *   protocol: chatProtocol,
 *   onReady: async ({ send, recovered }) => {
 *     if (recovered) return
 *     await send('auth', { token })
 *     await send('join', { room: 'lobby' })
 *   },
 * })
 * client.on('message', ({ from, text }) => console.log(from, text))
 * await client.send('send', { room: 'lobby', text: 'Hello' })
 * ```
 *
 * One client is one session over many connections: it reconnects, replaces a connection before API Gateway closes it
 * (after two hours, or ten minutes of silence), and keeps the messages in order. It connects at once, and what is sent
 * before that waits.
 *
 * Throws a TypeError, in a sentence, for a URL or options that are none, and where there is no WebSocket.
 */
export const connect = <A extends AppLike>(url: string | URL, ...[options = {}]: ConnectArguments<A>): Client<A> => {
  const session = makeSession(settingsOf(url, options as unknown as ConnectOptions<AppLike>))
  const { ask, pushes, can, seen, subscribe, close } = session
  /** What comes while the code for loops is loaded must not be missed. */
  const early = (event: string) => {
    const values: unknown[] = []
    const stop = pushes.on(event, (value) => values.push(value))
    return following()
      .finally(stop)
      .then((all) => ({ ...all, values }))
  }
  const client = {
    send: ask,
    stream: (name: string, data: unknown, options?: SendOptions) => {
      const made = following().then((all) => all.stream(ask, name, data, options))
      return Object.assign(looping(made), { reply: quiet(made.then(({ reply }) => reply)) })
    },
    on: pushes.on,
    once: (event: string, options?: SendOptions) =>
      early(event).then(({ next, values }) => next(pushes, event, values, options?.signal)),
    pushes: (event: string) => looping(early(event).then(({ follow, values }) => follow(pushes, event, values))),
    can,
    get snapshot() {
      return seen().snapshot
    },
    get state() {
      return seen().state
    },
    get farewell() {
      return seen().farewell
    },
    subscribe,
    close,
  }
  // The one cast of the client: untyped inside and typed at this door.
  return client as unknown as Client<A>
}

/** Loops are loaded with the first one. */
const following = () => import('./follow.ts')

const looping = (made: Promise<{ readonly loop: AsyncIterableIterator<unknown> }>): AsyncIterableIterator<unknown> => ({
  next: async () => (await made).loop.next(),
  return: async () => (await made).loop.return?.() ?? { done: true, value: undefined },
  [Symbol.asyncIterator]() {
    return this
  },
})

/** What nobody waits for fails nobody. */
const quiet = <Value>(promise: Promise<Value>): Promise<Value> => {
  promise.catch(() => {})
  return promise
}
