import { makeId } from '../event/make.ts'
import type { ConnectionRecord, ReplaceResult, StorePorts } from '../store/store.ts'

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
export const membersOf = async ({ memberships }: StorePorts, channel: string): Promise<string[]> => {
  const { connectionIds, cursor } = await memberships.members(channel)
  return [...connectionIds, ...(await membersFrom({ memberships }, channel, cursor))]
}

/** Everybody on the pages that follow. */
export const membersFrom = async (
  { memberships }: Pick<StorePorts, 'memberships'>,
  channel: string,
  first: string | undefined,
): Promise<string[]> => {
  const all: string[] = []
  let cursor = first
  for (let pages = 0; cursor !== undefined; pages++) {
    if (pages === MAX_PAGES) throw new Error(`After ${MAX_PAGES} pages members() still gives a cursor.`)
    const page = await memberships.members(channel, cursor)
    all.push(...page.connectionIds)
    cursor = page.cursor
  }
  return all
}

/** Everybody in one shard of a channel, page by page. */
export const membersOfShard = async (
  { memberships }: Pick<StorePorts, 'memberships'>,
  channel: string,
  shard: number,
): Promise<string[]> => {
  const all: string[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await memberships.members(channel, cursor, shard)
    all.push(...page.connectionIds)
    cursor = page.cursor
    if (cursor === undefined) return all
  }
  throw new Error(`After ${MAX_PAGES} pages members() of shard ${shard} still gives a cursor.`)
}

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
