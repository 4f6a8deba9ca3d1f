import type { AppLike } from '../types/app.ts'
import type { Client, SendOptions } from '../types/client.ts'
import { later } from './errors.ts'
import type { Connect, ConnectOptions } from './options.ts'
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
 * Throws a TypeError, in a sentence, for what is no URL, and where there is no WebSocket. Other options that are none close
 * the client: `onError` is told, and `farewell` says what is wrong.
 */
export const connect: Connect = <A extends AppLike>(url: unknown, options: unknown = {}): Client<A> => {
  const client = makeSession(settingsOf(url as string | URL, options as ConnectOptions<AppLike>))
  const { send, pushes } = client
  /** What comes while the code is loaded must not be missed. */
  const early = async <Taken>(event: string, take: (code: Loops, values: unknown[]) => Taken) => {
    const values: unknown[] = []
    const stop = pushes.on(event, (value) => values.push(value))
    const taken = take(await later(), values)
    stop()
    return taken
  }
  // The one cast of the client: untyped inside and typed at this door.
  return Object.assign(client, {
    on: pushes.on,
    once: (event: string, options?: SendOptions) =>
      early(event, ({ next }, values) => next(pushes, event, values, options?.signal)),
    pushes: (event: string) => looping(early(event, ({ follow }, values) => follow(pushes, event, values))),
    // It leaves in its turn, whether or not the code for loops is there.
    stream: (name: string, data: unknown, { timeoutMs, signal }: SendOptions = {}) => {
      const steps: unknown[] = []
      const left = new AbortController()
      const heard = { step: (value: unknown) => void steps.push(value) }
      const reply = send(name, data, { timeoutMs, signal: left.signal, step: (value) => heard.step(value) })
      // What nobody waits for fails nobody.
      reply.catch(() => {})
      return Object.assign(looping(later().then(({ stream }) => stream({ steps, left, heard, reply, signal }))), {
        reply,
      })
    },
  }) as unknown as Client<A>
}

type Loops = Awaited<ReturnType<typeof later>>

interface Made {
  readonly loop: AsyncGenerator
}

const looping = (made: Promise<Made>) => ({
  next: async () => (await made).loop.next(),
  return: async () => (await made).loop.return(undefined),
  [Symbol.asyncIterator]() {
    return this
  },
})
