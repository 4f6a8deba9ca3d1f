import type { Memberships } from '../store/store.ts'

/** The ids of a channel's members, a page at a time: a channel need not fit into memory. */
export const membersOf = async function* (memberships: Memberships, channel: string): AsyncGenerator<string, void> {
  let cursor: string | undefined
  do {
    const page = await memberships.members(channel, cursor)
    yield* page.connectionIds
    cursor = page.cursor
  } while (cursor !== undefined)
}
