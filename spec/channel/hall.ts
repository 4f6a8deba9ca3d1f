import { type Gateway, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { noise } from './kit.ts'

type Post = Gateway['post']

export interface HallOptions {
  readonly members: number
  readonly post: Post
  /** How many turns of the event loop a wait takes. @default 0 */
  readonly turns?: number
  /** @default () => 0.5 */
  readonly random?: () => number
  /** The store as the application sees it. */
  readonly seen?: (store: Store) => Store
}

/** An application with so many members in one channel, whose clock goes on by what is waited for. */
export const hall = async ({ members, post, turns = 0, random = () => 0.5, seen = (store) => store }: HallOptions) => {
  let nowMs = Date.UTC(2024, 1, 19)
  const waits: number[] = []
  const clock = {
    now: () => nowMs,
    wait: async (ms: number) => {
      waits.push(ms)
      for (let count = 0; count < turns; count++) await turn()
      nowMs += ms
    },
  }
  const store = memory(clock)
  const gateway: Gateway = { post, close: async () => ({ outcome: 'delivered' }), info: async () => undefined }
  const app = ws({ gateway, clock, random, warn: () => {} })
    .store(seen(store))
    .pushes(noise)
    .onConnect(() => {})
    .build()
  const ids = Array.from({ length: members }, (_, index) => `member${index}`)
  const connectedAt = nowMs
  for (const id of ids) {
    await store.records.create(id, { version: 1, connectedAt, ttl: connectedAt / 1_000 + 7_200 })
    await store.memberships.join(id, 'hall')
  }
  // A 410 of a connection that is younger than a handshake may be one that is not there yet.
  nowMs += 60_000
  const { broadcast } = app.server.channel('hall')
  const say = (options?: { readonly signal?: AbortSignal }) => broadcast('said', { text: 'hi' }, options)
  return { app, store, ids, waits, say }
}

export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

export const delivered = { outcome: 'delivered' } as const
export const throttled = { outcome: 'throttled', retryAfterMs: 0 } as const
export const gone = { outcome: 'gone' } as const

/** All members, whatever the store's pages are. */
export const membersIn = async ({ memberships }: Store, channel = 'hall') => {
  const all: string[] = []
  let cursor: string | undefined
  do {
    const page = await memberships.members(channel, cursor)
    all.push(...page.connectionIds)
    cursor = page.cursor
  } while (cursor !== undefined)
  return all
}

/** What is printed as an error meanwhile. */
export const printed = async (run: () => Promise<unknown>): Promise<unknown[]> => {
  const { error } = console
  const lines: unknown[] = []
  console.error = (line) => lines.push(line)
  try {
    await run()
  } finally {
    console.error = error
  }
  return lines
}

/** Answers in round trips: all that was posted meanwhile is answered together. `sizes` is how many that were. */
export const inTrips = (answer: (connectionId: string, trip: number) => Awaited<ReturnType<Post>>) => {
  const sizes: number[] = []
  let flying: (() => void)[] = []
  const land = () => {
    const all = flying
    flying = []
    sizes.push(all.length)
    for (const one of all) one()
  }
  const post: Post = (connectionId) =>
    new Promise((resolve) => {
      if (flying.length === 0) setImmediate(land)
      flying.push(() => resolve(answer(connectionId, sizes.length - 1)))
    })
  return { post, sizes }
}
