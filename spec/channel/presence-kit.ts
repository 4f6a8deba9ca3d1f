import * as v from 'valibot'
import { accept, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { fakeClock, type TestGateway, testGateway } from 'ws-interlock/testing'

const Meta = v.object({ name: v.string() })

/** A lobby whose visitors are seen. With `?user=ann` a visitor is known from the handshake on. */
export const lobby = (store: Store = memory(), more: Parameters<typeof ws>[0] = {}) =>
  ws({ warn: () => {}, ...more })
    .store(store)
    .pushes({ parted: v.string() })
    .channels({ presence: Meta })
    .onConnect(async ({ query, connection, channel }) => {
      const user = query.get('user')
      if (user) await connection.identify(user)
      if (!query.has('out')) await channel('lobby').join()
      return accept()
    })
    .onError(() => {})
    .on('track', Meta, ({ data, channel }) => channel('lobby').presence.track(data))
    .on('untrack', ({ channel }) => channel('lobby').presence.untrack())
    .on('leave', ({ channel }) => channel('lobby').leave())
    .on('login', v.string(), ({ data, connection }) => connection.identify(data))
    .on('who', ({ channel }) => channel('lobby').presence.list())
    // Comes last: whoever has got it has been told of all else.
    .onDisconnect(async ({ channel, connection }) => {
      await channel('lobby').broadcast('parted', connection.id)
    })
    .build()
export type Lobby = ReturnType<typeof lobby>

/** Run a story in a gateway in process. Real stores know what time it is. */
export const on = async (app: Lobby, story: (gateway: TestGateway<Lobby>) => Promise<void>): Promise<void> => {
  const gateway = testGateway(app, { clock: fakeClock(Date.now()) })
  try {
    await story(gateway)
  } finally {
    await gateway.close()
  }
}

/** All that it was told of who is present. */
export const pushesTo = ({ received }: { readonly received: readonly unknown[] }): unknown[] =>
  received.filter((frame) => Object(frame).event === '$presence')

/** What members are pushed. */
export const joined = (key: string, name: string) => told({ joined: [{ key, meta: { name } }], left: [] })
export const left = (key: string) => told({ joined: [], left: [key] })
const told = (data: object) => ({ event: '$presence', data: { channel: 'lobby', ...data } })

/** What a peer knows who keeps a map by key of all that it was told. */
export const known = (frames: readonly unknown[]): Readonly<Record<string, string>> => {
  const map = new Map<string, string>()
  for (const frame of frames) {
    const { event, data } = frame as { readonly event?: string; readonly data: Update }
    if (event !== '$presence') continue
    for (const { key, meta } of data.joined) map.set(key, meta.name)
    for (const key of data.left) map.delete(key)
  }
  return Object.fromEntries(map)
}

interface Update {
  readonly joined: readonly { readonly key: string; readonly meta: { readonly name: string } }[]
  readonly left: readonly string[]
}
