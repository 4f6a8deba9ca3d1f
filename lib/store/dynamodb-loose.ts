import { inShard, memberRow, type Row, reverseOf, reverseRow, type ShardedTable, shardIn } from './dynamodb-changes.ts'
import { type MembershipsOptions, membershipsIn, type ShardedMemberships } from './dynamodb-memberships.ts'
import { itemOf, recordIn } from './dynamodb-records.ts'
import { type Item, memberKey, reverseKey } from './dynamodb-table.ts'

/**
 * Memberships for a service without transactions. Who crashes half way through, or looks half way through, may find a
 * reverse row without its member; whoever is through has left both rows or neither, even where joins and leaves of one
 * channel met.
 */
export const looseMembershipsIn = (table: ShardedTable, options: MembershipsOptions): ShardedMemberships => {
  const { tableName, ask, counts, seconds } = table
  const remove = (Key: Item) => ask('DeleteItem', { TableName: tableName, Key })
  const memberOf = async (channel: string, shard: number, connectionId: string) => {
    const Key = memberKey(channel, shard, connectionId)
    return (await ask('GetItem', { TableName: tableName, Key, ConsistentRead: true })).Item
  }
  const shardOf = async (connectionId: string, channel: string) =>
    shardIn(await reverseOf(table, connectionId, channel))

  /** Have the connection say where it is. Resolves with where it says so: another function may have been faster. */
  const say = async (row: Row): Promise<number> => {
    for (;;) {
      const Item = reverseRow(table, row)
      const { refused } = await ask('PutItem', { ...inShard(table, row.shard), Item })
      if (!refused) return row.shard
      const shard = await shardOf(row.connectionId, row.channel)
      if (shard !== undefined && shard !== row.shard) return say({ ...row, shard })
    }
  }
  const leave = async (connectionId: string, channel: string): Promise<void> => {
    const shard = (await shardOf(connectionId, channel)) ?? counts.guess(connectionId, channel)
    // The reverse row last: whatever breaks off between the two, a disconnect still finds the member.
    await remove(memberKey(channel, shard, connectionId))
    const Key = reverseKey(channel, connectionId)
    await ask('DeleteItem', { ...inShard(table, shard), Key })
    // A join that came in between has put the member back, and may have seen its reverse row before it went.
    const left = await memberOf(channel, shard, connectionId)
    if (left) await say({ connectionId, channel, shard, note: left.n?.S })
  }
  /** Resolves with whether it was a member before. */
  const enter = async (row: Row): Promise<boolean> => {
    const shard = await say(row)
    const Item = memberRow(table, { ...row, shard })
    const { Attributes } = await ask('PutItem', { TableName: tableName, Item, ReturnValues: 'ALL_OLD' })
    // A leave that came in between has taken the reverse row, and may have looked for the member before it came.
    const said = (await shardOf(row.connectionId, row.channel)) ?? (await say({ ...row, shard }))
    if (said === shard) return Attributes !== undefined
    // And a join after it has put it elsewhere.
    await remove(memberKey(row.channel, shard, row.connectionId))
    return enter({ ...row, shard: said })
  }
  const find = async (connectionId: string, channel: string) => {
    const shard = await shardOf(connectionId, channel)
    const row = shard === undefined ? undefined : await memberOf(channel, shard, connectionId)
    return Number(row?.ttl?.N) > seconds() ? row : undefined
  }
  return {
    ...membershipsIn(table, options),
    leave,
    join: async (connectionId, channel, note) => {
      const shard = counts.guess(connectionId, channel)
      const [wasIn] = await Promise.all([enter({ connectionId, channel, shard, note }), counts.refresh(channel)])
      // Read after the rows are there: whoever closes the record from here on finds them.
      const record = recordIn(table, connectionId, await itemOf(table, connectionId))
      if (record && !record.closed) return true
      if (!wasIn) await leave(connectionId, channel)
      return false
    },
    // The reverse row may be ahead of the member.
    has: async (connectionId, channel) => (await find(connectionId, channel)) !== undefined,
    note: async (connectionId, channel) => (await find(connectionId, channel))?.n?.S,
  }
}
