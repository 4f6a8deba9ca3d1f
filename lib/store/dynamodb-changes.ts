import { isRefused } from './dynamodb-fault.ts'
import type { Table } from './dynamodb-records.ts'
import { type Item, memberKey, reverseKey } from './dynamodb-table.ts'
import type { ShardCounts } from './shard-counts.ts'
import type { MembershipChanges } from './store.ts'

/** An open table, and what this process has heard of the shards of channels. */
export interface ShardedTable extends Table {
  readonly counts: ShardCounts
}

/**
 * Change memberships of one connection, in one transaction with what else is given. Answers as `ask` does.
 *
 * Where a member's row is, its reverse row says, and the transaction holds only while that says what was guessed: so
 * whoever guessed wrong is told, and asks once more. A connection has one row in a channel, whatever has grown.
 */
export const change = async (
  table: ShardedTable,
  connectionId: string,
  changes: MembershipChanges,
  { first, note }: { readonly first?: object; readonly note?: string | undefined } = {},
) => {
  const { ask, counts } = table
  const [head, all] = [first ? [first] : [], [...changes.join, ...changes.leave]]
  const shards = all.map((channel) => counts.guess(connectionId, channel))
  for (;;) {
    const answer = await ask('TransactWriteItems', {
      TransactItems: [
        ...head,
        ...all.flatMap((channel, index) => {
          const row = { channel, connectionId, shard: shards[index] ?? 0, note }
          return index < changes.join.length ? puts(table, row) : deletes(table, row)
        }),
      ],
    })
    const { reasons = [] } = answer.refused ?? {}
    // Two actions for each channel, and the first of them is the one that has a condition.
    const wrong = all.flatMap((_, index) => (isRefused(reasons[head.length + 2 * index]) ? [index] : []))
    if (wrong.length === 0 || (first && isRefused(reasons[0]))) return answer
    for (const index of wrong) {
      const row = reasons[head.length + 2 * index]?.Item ?? (await reverseOf(table, connectionId, all[index] ?? ''))
      shards[index] = shardIn(row) ?? shards[index] ?? 0
    }
  }
}

/** A member of a channel, and where it is. */
export interface Row {
  readonly connectionId: string
  readonly channel: string
  readonly shard: number
  readonly note?: string | undefined
}

/** The row by which the channel finds a member. */
export const memberRow = (table: Table, row: Row): Item => ({
  ...memberKey(row.channel, row.shard, row.connectionId),
  ...endOf(table),
  ...noteOf(row),
})

/** The row by which a connection finds a channel. It has the note too, so that both are one read. */
export const reverseRow = (table: Table, row: Row): Item => ({
  ...reverseKey(row.channel, row.connectionId),
  s: { N: `${row.shard}` },
  ...endOf(table),
  ...noteOf(row),
})

/** The reverse row, whether or not its time is over. */
export const reverseOf = async ({ tableName, ask }: Table, connectionId: string, channel: string) =>
  (await ask('GetItem', { TableName: tableName, Key: reverseKey(channel, connectionId), ConsistentRead: true })).Item

/** The shard of which a reverse row tells. */
export const shardIn = (row: Item | undefined): number | undefined => row && Number(row.s?.N)

/** That a reverse row tells of this shard, or is not there. */
export const inShard = ({ tableName }: Table, shard: number) => ({
  TableName: tableName,
  ConditionExpression: 'attribute_not_exists(pk) OR #s = :s',
  ExpressionAttributeNames: { '#s': 's' },
  ExpressionAttributeValues: { ':s': { N: `${shard}` } },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
})

const puts = (table: Table, row: Row): readonly object[] => [
  { Put: { ...inShard(table, row.shard), Item: reverseRow(table, row) } },
  { Put: { TableName: table.tableName, Item: memberRow(table, row) } },
]

const deletes = (table: Table, { channel, connectionId, shard }: Row): readonly object[] => [
  { Delete: { ...inShard(table, shard), Key: reverseKey(channel, connectionId) } },
  { Delete: { TableName: table.tableName, Key: memberKey(channel, shard, connectionId) } },
]

const noteOf = ({ note }: Row): Item => (note === undefined ? {} : { n: { S: note } })

const endOf = ({ seconds }: Table): Item => ({ ttl: { N: `${seconds() + ROW_SECONDS}` } })

/** A connection lasts two hours at most (WebSocket API quotas); a quarter of an hour for late messages. */
const ROW_SECONDS = 2 * 60 * 60 + 15 * 60
