import { need, needKeys } from '../mistakes.ts'
import { recordOf, textOf } from './record-text.ts'
import { isNothing, isOne, listOf } from './redis-answers.ts'
import { redisBlobs } from './redis-blobs.ts'
import { type RedisClient, scripts } from './redis-client.ts'
import { redisMemberships } from './redis-memberships.ts'
import { CREATE, DELETE, READ, REPLACE } from './redis-scripts.ts'
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
 * | `{c:ID}:m` | hash | the channels that the connection is in, or is about to be in, each with its shard |
 * | `h:{CHANNEL:SHARD}` | sorted set | the members in a shard of a channel, by their end |
 * | `n:{CHANNEL:SHARD}` | hash | the notes of those who have one |
 * | `s:{CHANNEL:0}` | text | how many shards the channel has, where it has grown. It has no end |
 * | `b:{KEY}` | text | a text that is kept for a while |
 *
 * A connection has one hash slot and a shard another. There is no `commit`, because no script reaches two slots: a
 * message's leaves are carried out before its state is stored, and its joins after.
 */
export const redisPorts = (client: RedisClient, options: RedisOptions = {}): StorePorts => {
  checkOptions(options)
  const { prefix = '', timeoutMs = 3_000, now = Date.now } = options
  const run = scripts(client, timeoutMs)
  const recordKey = (connectionId: string) => `${prefix}{c:${connectionId}}:p`
  const time = () => String(now())

  const read = (text: unknown, connectionId: string) =>
    isNothing(text) ? undefined : recordOf(String(text), `the key '${recordKey(connectionId)}'`)

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
    memberships: redisMemberships({ run, prefix, now, recordKey }),
    blobs: redisBlobs(run, prefix),
  }
}

/** `version, text, end, closed`, as the scripts take them. */
const fieldsOf = (record: ConnectionRecord) => [
  String(record.version),
  textOf(record),
  String(Math.ceil(record.ttl * 1000)),
  record.closed ? '1' : '0',
]

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
