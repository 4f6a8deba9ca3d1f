import { need, needKeys } from '../mistakes.ts'
import { recordOf, textOf } from './record-text.ts'
import { type RedisClient, scripts } from './redis-client.ts'
import { ADMIT, CHANNELS, CREATE, DELETE, DISMISS, HAS, NOTE, PAGE, READ, REPLACE, UNNOTE } from './redis-scripts.ts'
import type { ConnectionRecord, StorePorts } from './store.ts'

export interface RedisOptions {
  /** What every key begins with, for a server that others use too. No braces: they would decide the hash slot. @default '' */
  readonly prefix?: string
  /** How long to wait for an answer, whatever the client itself would do. @default 3000 */
  readonly timeoutMs?: number
  /** Epoch milliseconds. @default Date.now */
  readonly now?: () => number
}

/**
 * Keep connections in Redis or Valkey.
 *
 * | key | | |
 * |---|---|---|
 * | `{c:ID}:p` | hash | the record: `v` version, `r` text, `t` its end in epoch milliseconds, `x` 1 when it is closed |
 * | `{c:ID}:m` | set | the channels that the connection is in, or is about to be in |
 * | `h:{CHANNEL:0}` | sorted set | the members of a channel, by their end. 0 is the shard, the only one so far |
 *
 * A connection has one hash slot and a channel another. There is no `commit`, because no script reaches two slots: a
 * message's leaves are carried out before its state is stored, and its joins after.
 */
export const redisPorts = (client: RedisClient, options: RedisOptions = {}): StorePorts => {
  checkOptions(options)
  const { prefix = '', timeoutMs = 3_000, now = Date.now } = options
  const run = scripts(client, timeoutMs)
  const recordKey = (connectionId: string) => `${prefix}{c:${connectionId}}:p`
  const joinedKey = (connectionId: string) => `${prefix}{c:${connectionId}}:m`
  const membersKey = (shard: string) => `${prefix}h:{${shard}}`
  const time = () => String(now())

  const read = (text: unknown, connectionId: string) =>
    isNothing(text) ? undefined : recordOf(String(text), `the key '${recordKey(connectionId)}'`)

  /** The connection's word that it is in a channel, for as long as it is open. Its end, or nothing. */
  const note = (connectionId: string, shard: string) =>
    run(NOTE, [recordKey(connectionId), joinedKey(connectionId)], time(), shard)
  const unnote = (connectionId: string, shard: string) => run(UNNOTE, [joinedKey(connectionId)], shard)
  const dismiss = (connectionId: string, shard: string) => run(DISMISS, [membersKey(shard)], connectionId)

  return {
    records: {
      create: async (connectionId, record) =>
        isOne(await run(CREATE, [recordKey(connectionId)], time(), ...fieldsOf(record))),
      read: async (connectionId) => read(await run(READ, [recordKey(connectionId)], time()), connectionId),
      replace: async (connectionId, version, next) => {
        const args = [...fieldsOf(next), String(version)]
        const [done, text] = listOf(await run(REPLACE, [recordKey(connectionId)], time(), ...args))
        return isOne(done) ? { ok: true } : { ok: false, current: read(text, connectionId) }
      },
      delete: async (connectionId) => void (await run(DELETE, [recordKey(connectionId)])),
    },
    memberships: {
      // A member row exists only while the connection says that it is in the channel: whoever closes the connection finds
      // what to take back there, even if this function dies half-way. The second look is for a connection that was closed,
      // and cleaned up after, between the first look and the row. Only a function that dies at that very point leaves a
      // row behind, which ends with the connection's time.
      join: async (connectionId, channel) => {
        const shard = shardOf(channel)
        const end = await note(connectionId, shard)
        if (isNothing(end)) return false
        await run(ADMIT, [membersKey(shard)], time(), connectionId, String(end))
        if (!isNothing(await note(connectionId, shard))) return true
        await dismiss(connectionId, shard)
        await unnote(connectionId, shard)
        return false
      },
      // The row goes first, so that none is left without the word that leads to it; and once more at last, because a join
      // of the same connection may have come between.
      leave: async (connectionId, channel) => {
        const shard = shardOf(channel)
        await dismiss(connectionId, shard)
        await unnote(connectionId, shard)
        await dismiss(connectionId, shard)
      },
      has: async (connectionId, channel) => isOne(await run(HAS, [membersKey(shardOf(channel))], time(), connectionId)),
      // ZSCAN: who is a member from the first page to the last is in one of them, and in two of them at times while the
      // channel grows or shrinks (Redis's documentation of SCAN).
      members: async (channel, cursor = FIRST) => {
        const [next = FIRST, ...connectionIds] = listOf(await run(PAGE, [membersKey(shardOf(channel))], time(), cursor))
        return next === FIRST ? { connectionIds } : { connectionIds, cursor: next }
      },
      channels: async (connectionId) => listOf(await run(CHANNELS, [joinedKey(connectionId)])).map(channelOf),
    },
  }
}

/** Where ZSCAN begins, and what it says at the end. */
const FIRST = '0'

/** `version, text, end, closed`, as the scripts take them. */
const fieldsOf = (record: ConnectionRecord) => [
  String(record.version),
  textOf(record),
  String(Math.ceil(record.ttl * 1000)),
  record.closed ? '1' : '0',
]

/** A channel's name may hold braces and colons, and neither may decide the hash slot or make two channels one. */
const shardOf = (channel: string) => `${encodeURIComponent(channel)}:0`
const channelOf = (shard: string) => decodeURIComponent(shard.slice(0, shard.lastIndexOf(':')))

const isOne = (answer: unknown) => String(answer) === '1'
const isNothing = (answer: unknown) => answer === null || answer === undefined
const listOf = (answer: unknown): string[] => {
  if (!Array.isArray(answer)) throw new TypeError(`Redis answered '${answer}' where a list was expected.`)
  return answer.map(String)
}

const checkOptions = (options: RedisOptions) => {
  needKeys('redis()', options, ['prefix', 'timeoutMs', 'now'])
  const { prefix = '', timeoutMs = 1, now = Date.now } = options
  need(typeof prefix === 'string' && !/[{}]/.test(prefix), 'Text without braces', 'redis(): prefix')
  need(
    Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31,
    'A whole number of milliseconds above 0',
    'redis(): timeoutMs',
  )
  need(typeof now === 'function', 'A function', 'redis(): now')
}
