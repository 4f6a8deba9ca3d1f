import { itemOf, recordIn, type Table } from './dynamodb-records.ts'
import {
  CHANNEL,
  CONNECTION,
  channelOf,
  connection,
  type Item,
  memberKey,
  memberOf,
  memberPartition,
  recordKey,
  reverseKey,
} from './dynamodb-table.ts'
import type { MembershipChanges, Memberships } from './store.ts'

export interface MembershipsOptions {
  /** Rows that one request reads at most. */
  readonly pageSize?: number | undefined
}

/**
 * Keep memberships in a table: a row by which the channel finds its member, and a reverse row by which a connection
 * finds its channels, there whenever the first is.
 *
 * Every read is consistent. Who has joined and then broadcasts must be among those who get it, and a disconnect must
 * find every row; the dearer half of the read is nothing beside the price of the posts.
 */
export const membershipsIn = (table: Table, { pageSize }: MembershipsOptions): Memberships => {
  const { tableName, ask, seconds } = table

  const pageOf = (partition: string, prefix: string, from?: Item) =>
    ask('Query', {
      TableName: tableName,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      FilterExpression: '#ttl > :now',
      ProjectionExpression: 'sk',
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ExpressionAttributeValues: { ':pk': { S: partition }, ':prefix': { S: prefix }, ':now': { N: `${seconds()}` } },
      ConsistentRead: true,
      ...(pageSize !== undefined && { Limit: pageSize }),
      ...(from && { ExclusiveStartKey: from }),
    })

  return {
    join: async (connectionId, channel) => {
      const { refused } = await ask('TransactWriteItems', {
        TransactItems: [
          { ConditionCheck: openCheck(table, connectionId) },
          ...changesOf(table, connectionId, { join: [channel], leave: [] }),
        ],
      })
      // What is there and cannot be read is an error, here too.
      if (refused) recordIn(table, connectionId, refused.reasons[0]?.Item)
      return !refused
    },
    leave: async (connectionId, channel) =>
      void (await ask('TransactWriteItems', {
        TransactItems: changesOf(table, connectionId, { join: [], leave: [channel] }),
      })),
    has: async (connectionId, channel) => {
      const Key = memberKey(channel, connectionId)
      const { Item } = await ask('GetItem', { TableName: tableName, Key, ConsistentRead: true })
      return Number(Item?.ttl?.N) > seconds()
    },
    members: async (channel, cursor) => {
      // The cursor is the id of the last member read: with the channel it makes the key to go on from.
      const from = cursor === undefined ? undefined : memberKey(channel, cursor)
      const { Items = [], LastEvaluatedKey } = await pageOf(memberPartition(channel), CONNECTION, from)
      const connectionIds = Items.map(memberOf)
      return LastEvaluatedKey ? { connectionIds, cursor: memberOf(LastEvaluatedKey) } : { connectionIds }
    },
    channels: async (connectionId) => {
      const channels: string[] = []
      let from: Item | undefined
      do {
        const { Items = [], LastEvaluatedKey } = await pageOf(connection(connectionId), CHANNEL, from)
        channels.push(...Items.map(channelOf))
        from = LastEvaluatedKey
      } while (from)
      return channels
    },
  }
}

/**
 * The same, for a service without transactions. Who crashes half way through, or looks half way through, may find a
 * reverse row without its member; whoever is through has left both rows or neither, even where joins and leaves of one
 * channel met.
 */
export const looseMembershipsIn = (table: Table, options: MembershipsOptions): Memberships => {
  const { tableName, ask } = table
  const put = (key: Item) => ask('PutItem', { TableName: tableName, Item: rowOf(table, key), ReturnValues: 'ALL_OLD' })
  const remove = (Key: Item) => ask('DeleteItem', { TableName: tableName, Key })
  const isThere = async (Key: Item) =>
    (await ask('GetItem', { TableName: tableName, Key, ConsistentRead: true })).Item !== undefined

  const leave = async (connectionId: string, channel: string): Promise<void> => {
    const [member, reverse] = [memberKey(channel, connectionId), reverseKey(channel, connectionId)]
    // The reverse row last: whatever breaks off between the two, a disconnect still finds the member.
    await remove(member)
    await remove(reverse)
    // A join that came in between has put the member back, and may have seen its reverse row before it went.
    if (await isThere(member)) await put(reverse)
  }
  /** Resolves with whether it was a member before. */
  const enter = async (connectionId: string, channel: string): Promise<boolean> => {
    const [member, reverse] = [memberKey(channel, connectionId), reverseKey(channel, connectionId)]
    await put(reverse)
    const { Attributes } = await put(member)
    // A leave that came in between has taken the reverse row, and may have looked for the member before it came.
    if (!(await isThere(reverse))) await put(reverse)
    return Attributes !== undefined
  }
  return {
    ...membershipsIn(table, options),
    leave,
    join: async (connectionId, channel) => {
      const wasIn = await enter(connectionId, channel)
      // Read after the rows are there: whoever closes the record from here on finds them.
      const record = recordIn(table, connectionId, await itemOf(table, connectionId))
      if (record && !record.closed) return true
      if (!wasIn) await leave(connectionId, channel)
      return false
    },
  }
}

/** The actions of a transaction that change memberships of one connection. */
export const changesOf = (table: Table, connectionId: string, { join, leave }: MembershipChanges) => {
  const { tableName } = table
  const keysOf = (channel: string) => [reverseKey(channel, connectionId), memberKey(channel, connectionId)]
  return [
    ...join.flatMap(keysOf).map((key) => ({ Put: { TableName: tableName, Item: rowOf(table, key) } })),
    ...leave.flatMap(keysOf).map((Key) => ({ Delete: { TableName: tableName, Key } })),
  ]
}

const openCheck = ({ tableName, seconds }: Table, connectionId: string) => ({
  TableName: tableName,
  Key: recordKey(connectionId),
  ConditionExpression: '#ttl > :now AND attribute_not_exists(#closed)',
  ExpressionAttributeNames: { '#ttl': 'ttl', '#closed': 'closed' },
  ExpressionAttributeValues: { ':now': { N: `${seconds()}` } },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
})

const rowOf = ({ seconds }: Table, key: Item): Item => ({ ...key, ttl: { N: `${seconds() + ROW_SECONDS}` } })

/** A connection lasts two hours at most (WebSocket API quotas); a quarter of an hour for late messages. */
const ROW_SECONDS = 2 * 60 * 60 + 15 * 60
