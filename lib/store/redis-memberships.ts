import { isNothing, listOf, textIn, textsOf } from './redis-answers.ts'
import type { RunScript } from './redis-client.ts'
import { ADMIT, CHANNELS, DISMISS, GROW, MEMBER, PAGE, SAID, SAY, SHARDS, UNSAY } from './redis-scripts.ts'
import { shardCounts } from './shard-counts.ts'
import { needShards, pageOf, placeOf, type ShardPage } from './shards.ts'
import type { Memberships } from './store.ts'

interface Place {
  readonly run: RunScript
  readonly prefix: string
  readonly now: () => number
  readonly recordKey: (connectionId: string) => string
}

/**
 * Keep memberships in sorted sets, one for each shard of a channel, and in each connection's own word of where it is.
 *
 * A member's row exists only while the connection says that it is there: whoever closes the connection finds what to take
 * back, even if this function dies half-way. What it says is one shard of a channel, so that it is in no two of them,
 * whatever has grown.
 *
 * `join` and `leave` are three calls, one after the other; two more where the member is in another shard than is thought.
 * `has` and `note` are one for a member, and two for anybody else. `members` is one a page, and at least one for each
 * shard. Every other call is one.
 */
export const redisMemberships = ({ run, prefix, now, recordKey }: Place): Required<Memberships> => {
  const time = () => String(now())
  const joinedKey = (connectionId: string) => `${prefix}{c:${connectionId}}:m`
  const shardKeys = (channel: string, shard: number) =>
    ['h', 'n'].map((kind) => `${prefix}${kind}:{${encodeURIComponent(channel)}:${shard}}`)
  // In the slot of the first shard, so that its members and the number of shards are one call.
  const shardsKey = (channel: string) => `${prefix}s:{${encodeURIComponent(channel)}:0}`

  /** Have a connection say that it is in a channel, for as long as it is open. */
  const say = async (connectionId: string, channel: string, shard: number) => {
    const keys = [recordKey(connectionId), joinedKey(connectionId)]
    const said = await run(SAY, keys, time(), channel, String(shard))
    if (isNothing(said)) return undefined
    const [end, at] = textsOf(said)
    return { end: String(end), shard: Number(at) }
  }
  /** Resolves with the shard that it says where that is another one. */
  const unsay = async (connectionId: string, channel: string, shard: number) =>
    shardIn(await run(UNSAY, [joinedKey(connectionId)], channel, String(shard)))
  const said = async (connectionId: string, channel: string) =>
    shardIn(await run(SAID, [joinedKey(connectionId)], channel))
  const dismiss = (connectionId: string, channel: string, shard: number) =>
    run(DISMISS, shardKeys(channel, shard), connectionId)

  const shards = async (channel: string) => shardIn(await run(SHARDS, [shardsKey(channel)])) ?? 1
  const counts = shardCounts(shards, now)

  const enter = async (connectionId: string, channel: string, note: string | undefined, guess: number) => {
    for (let at = await say(connectionId, channel, guess); at; ) {
      const { shard, end } = at
      const more = note === undefined ? [] : [note]
      await run(ADMIT, shardKeys(channel, shard), time(), connectionId, end, ...more)
      // The second look is for a connection that was closed, and cleaned up after, between the first look and the row.
      // Only a function that dies at that very point leaves a row behind, which ends with the connection's time.
      const again = await say(connectionId, channel, shard)
      if (again?.shard === shard) return true
      await dismiss(connectionId, channel, shard)
      if (!again) await unsay(connectionId, channel, shard)
      // A leave and another join came between, and it is elsewhere now.
      at = again
    }
    return false
  }

  /** What there is of a member: its note, if it has one. */
  const find = async (connectionId: string, channel: string) => {
    const look = async (shard: number) => {
      const found = await run(MEMBER, shardKeys(channel, shard), time(), connectionId)
      return isNothing(found) ? undefined : listOf(found)
    }
    const guess = counts.guess(connectionId, channel)
    const found = await look(guess)
    if (found) return found
    const shard = await said(connectionId, channel)
    return shard === undefined || shard === guess ? undefined : look(shard)
  }

  return {
    join: async (connectionId, channel, note) => {
      const guess = counts.guess(connectionId, channel)
      const [joined] = await Promise.all([enter(connectionId, channel, note, guess), counts.refresh(channel)])
      return joined
    },
    // The row goes first, so that none is left without the word that leads to it; and once more at last, because a join
    // of the same connection may have come between.
    leave: async (connectionId, channel) => {
      let shard = counts.guess(connectionId, channel)
      for (;;) {
        await dismiss(connectionId, channel, shard)
        const other = await unsay(connectionId, channel, shard)
        if (other === undefined) break
        shard = other
      }
      await dismiss(connectionId, channel, shard)
    },
    has: async (connectionId, channel) => (await find(connectionId, channel)) !== undefined,
    note: async (connectionId, channel) => textIn((await find(connectionId, channel))?.[0]),
    // ZSCAN: who is a member from the first page to the last is in one of them, and in two of them at times while the
    // channel grows or shrinks (Redis's documentation of SCAN).
    members: async (channel, cursor, given) => {
      const place = placeOf(cursor, given)
      const keys = shardKeys(channel, place.shard)
      if (place.shard === 0) keys.push(shardsKey(channel))
      return pageOf(place, pageIn(await run(PAGE, keys, time(), place.from ?? FIRST)))
    },
    shards,
    grow: async (channel, count) => {
      needShards(count)
      await run(GROW, [shardsKey(channel)], String(count))
      counts.set(channel, count)
    },
    channels: async (connectionId) => textsOf(await run(CHANNELS, [joinedKey(connectionId)])),
  }
}

/** Where ZSCAN begins, and what it says at the end. */
const FIRST = '0'

const pageIn = (answer: unknown): ShardPage => {
  const [next, shards, ids, notes] = listOf(answer)
  const texts = listOf(notes).map(textIn)
  return {
    connectionIds: textsOf(ids),
    notes: texts.some((note) => note !== undefined) ? texts : undefined,
    next: String(next) === FIRST ? undefined : String(next),
    shards: shardIn(shards),
  }
}

const shardIn = (answer: unknown) => (isNothing(answer) ? undefined : Number(answer))
