import { makeId } from '../event/make.ts'
import type { ConnectionRecord, MemberPage, ReplaceResult, StorePorts } from '../store/store.ts'

/** A record that is there for the next two hours. */
export const record = (more: Partial<ConnectionRecord> = {}): ConnectionRecord => ({
  version: 1,
  connectedAt: 1_700_000_000_000,
  ttl: Math.ceil(Date.now() / 1000) + 7_200,
  ...more,
})

/** A record whose `context` counts. */
export const counted = (version: number, n: number): ConnectionRecord =>
  record({ version, state: { value: 'counting', context: { n } } })

export const nOf = (stored: ConnectionRecord | undefined): number =>
  Number((stored?.state?.context as { readonly n?: number } | undefined)?.n)

export const CLOSED = { by: 'disconnect', token: 'over', at: 1_700_000_000_000 } as const
/** Epoch seconds that are over by any clock. */
export const PAST = 1

/** A connection that is there, at version 1, and a channel that nobody is in. */
export const joiner = async ({ records }: StorePorts) => {
  const id = makeId()
  await records.create(id, record())
  return { id, channel: channel() }
}

/** The name of a channel that nobody is in. */
export const channel = () => `channel ${makeId()}`

export const close = ({ records }: StorePorts, id: string, version = 1): Promise<ReplaceResult> =>
  records.replace(id, version, record({ version: version + 1, closed: CLOSED }))

/** Everybody in a channel, page by page. */
export const membersOf = (store: Membered, channel: string): Promise<string[]> => idsOn(pagesOf(store, channel))

/** Everybody in one shard of a channel. */
export const membersOfShard = (store: Membered, channel: string, shard: number): Promise<string[]> =>
  idsOn(pagesOf(store, channel, shard))

/** Everybody on the pages that follow. */
export const membersFrom = async (store: Membered, channel: string, cursor: string | undefined): Promise<string[]> =>
  cursor === undefined ? [] : idsOn(pagesOf(store, channel, undefined, cursor))

const idsOn = async (pages: AsyncIterable<MemberPage>) => {
  const all: string[] = []
  for await (const { connectionIds } of pages) all.push(...connectionIds)
  return all
}

/** The pages of a channel, or of a shard of it. */
export const pagesOf = async function* (
  { memberships }: Membered,
  channel: string,
  shard?: number,
  first?: string,
): AsyncGenerator<MemberPage, void> {
  let cursor = first
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await memberships.members(channel, cursor, shard)
    yield page
    cursor = page.cursor
    if (cursor === undefined) return
  }
  throw new Error(`After ${MAX_PAGES} pages members() still gives a cursor.`)
}

type Membered = Pick<StorePorts, 'memberships'>

/** Run something so many times, at once. */
export const atOnce = <Result>(count: number, run: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))

/** Something that is awaited in a while: whoever awaits it hears of a failure, and until then it ends no process. */
export const awaitedLater = <Result>(promise: Promise<Result>): Promise<Result> => {
  promise.catch(() => {})
  return promise
}

/** Let others go on: a store that answers at once would never let them. */
export const breath = () => new Promise<void>((resolve) => setImmediate(resolve))

/** No case has as many members; some stores have pages on which nobody is. */
const MAX_PAGES = 1_000
