import { change, reverseOf, type ShardedTable } from './dynamodb-changes.ts'
import { recordIn, type Table } from './dynamodb-records.ts'
import { CHANNEL, channelOf, connection, memberOf, memberPartition, recordKey, shardsKey } from './dynamodb-table.ts'
import { needShards, pageOf, placeOf, type ShardPage } from './shards.ts'
import type { Memberships } from './store.ts'

export interface MembershipsOptions {
  /** Rows that one request reads at most. */
  readonly pageSize?: number | undefined
}

/**
 * Keep memberships in a table: a row by which the channel finds its member, and a reverse row by which a connection
 * finds its channels, there whenever the first is.
 *
 * | call | requests | units |
 * |---|---|---|
 * | `join` | 1 TransactWriteItems; 2 where the member is in another shard than is thought. From the second join of a process to one channel on, a GetItem a minute beside it | 6 WRU, 1 RRU a minute |
 * | `leave` | 1 TransactWriteItems, or 2 as above | 4 WRU |
 * | `has`, `note`, `shards` | 1 GetItem | 1 RRU |
 * | `members` | 1 Query a page, and at least one for each shard | 1 RRU for 4 KB: about 30 members |
 * | `channels` | 1 Query | 1 RRU |
 * | `grow` | 1 PutItem | 1 WRU |
 *
 * Every read is consistent. Who has joined and then broadcasts must be among those who get it, and a disconnect must
 * find every row; the dearer half of the read is nothing beside the price of the posts.
 */
export const membershipsIn = (table: ShardedTable, options: MembershipsOptions): ShardedMemberships => {
  const { tableName, ask, counts, seconds } = table
  const query = querying(table, options)

  /** What a connection says of a channel that it is in. */
  const rowOf = async (connectionId: string, channel: string) => {
    const row = await reverseOf(table, connectionId, channel)
    return Number(row?.ttl?.N) > seconds() ? row : undefined
  }
  return {
    join: async (connectionId, channel, note) => {
      const first = { ConditionCheck: openCheck(table, connectionId) }
      const [{ refused }] = await Promise.all([
        change(table, connectionId, { join: [channel], leave: [] }, { first, note }),
        counts.refresh(channel),
      ])
      // What is there and cannot be read is an error, here too.
      if (refused) recordIn(table, connectionId, refused.reasons[0]?.Item)
      return !refused
    },
    leave: async (connectionId, channel) => void (await change(table, connectionId, { join: [], leave: [channel] })),
    has: async (connectionId, channel) => (await rowOf(connectionId, channel)) !== undefined,
    note: async (connectionId, channel) => (await rowOf(connectionId, channel))?.n?.S,
    members: async (channel, cursor, shard) => {
      const place = placeOf(cursor, shard)
      const partition = memberPartition(channel, place.shard)
      return pageOf(place, membersIn(await query(partition, undefined, place.from)))
    },
    shards: (channel) => shardsIn(table, channel),
    grow: async (channel, shards) => {
      needShards(shards)
      await ask('PutItem', {
        TableName: tableName,
        Item: { ...shardsKey(channel), shards: { N: `${shards}` } },
        ConditionExpression: 'attribute_not_exists(pk) OR #shards < :shards',
        ExpressionAttributeNames: { '#shards': 'shards' },
        ExpressionAttributeValues: { ':shards': { N: `${shards}` } },
      })
      counts.set(channel, shards)
    },
    channels: async (connectionId) => {
      const channels: string[] = []
      let from: string | undefined
      do {
        const { Items = [], LastEvaluatedKey } = await query(connection(connectionId), CHANNEL, from)
        channels.push(...Items.map(channelOf))
        from = LastEvaluatedKey?.sk?.S
      } while (from !== undefined)
      return channels
    },
  }
}

/** Nothing of it is optional here. */
export type ShardedMemberships = Required<Memberships>

/** How many shards a channel has, as of all that has been written. */
export const shardsIn = async ({ tableName, ask }: Table, channel: string): Promise<number> => {
  const Key = shardsKey(channel)
  const { Item } = await ask('GetItem', { TableName: tableName, Key, ConsistentRead: true })
  return Number(Item?.shards?.N ?? 1)
}

/** A page of a partition: of the rows that begin with `prefix`, from after the one that is called `from`. */
const querying =
  ({ tableName, ask, seconds }: Table, { pageSize }: MembershipsOptions) =>
  (partition: string, prefix: string | undefined, from: string | undefined) =>
    ask('Query', {
      TableName: tableName,
      KeyConditionExpression: `pk = :pk${prefix === undefined ? '' : ' AND begins_with(sk, :prefix)'}`,
      FilterExpression: '#ttl > :now OR attribute_exists(#shards)',
      ProjectionExpression: 'sk, #n, #shards',
      ExpressionAttributeNames: { '#ttl': 'ttl', '#n': 'n', '#shards': 'shards' },
      ExpressionAttributeValues: {
        ':pk': { S: partition },
        ':now': { N: `${seconds()}` },
        ...(prefix !== undefined && { ':prefix': { S: prefix } }),
      },
      ConsistentRead: true,
      ...(pageSize !== undefined && { Limit: pageSize }),
      ...(from !== undefined && { ExclusiveStartKey: { pk: { S: partition }, sk: { S: from } } }),
    })

const membersIn = ({ Items = [], LastEvaluatedKey }: Awaited<ReturnType<ReturnType<typeof querying>>>): ShardPage => {
  const connectionIds: string[] = []
  const notes: (string | undefined)[] = []
  let shards: number | undefined
  for (const item of Items) {
    const connectionId = memberOf(item)
    if (connectionId === undefined) shards = Number(item.shards?.N)
    else {
      connectionIds.push(connectionId)
      notes.push(item.n?.S)
    }
  }
  const noted = notes.some((note) => note !== undefined)
  return { connectionIds, notes: noted ? notes : undefined, next: LastEvaluatedKey?.sk?.S, shards }
}

const openCheck = ({ tableName, seconds }: Table, connectionId: string) => ({
  TableName: tableName,
  Key: recordKey(connectionId),
  ConditionExpression: '#ttl > :now AND attribute_not_exists(#closed)',
  ExpressionAttributeNames: { '#ttl': 'ttl', '#closed': 'closed' },
  ExpressionAttributeValues: { ':now': { N: `${seconds()}` } },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
})
