import { blobsIn } from './dynamodb-blobs.ts'
import { asking, type CallingOptions } from './dynamodb-call.ts'
import { change, type ShardedTable } from './dynamodb-changes.ts'
import { looseMembershipsIn } from './dynamodb-loose.ts'
import { type MembershipsOptions, membershipsIn, shardsIn } from './dynamodb-memberships.ts'
import { checkOptions } from './dynamodb-options.ts'
import { recordsIn, replacementOf, resultOf, type Table } from './dynamodb-records.ts'
import { shardCounts } from './shard-counts.ts'
import type { StorePorts } from './store.ts'

export interface DynamodbOptions extends CallingOptions, MembershipsOptions {
  /**
   * Store a message's memberships and its state all or nothing. `false` is for emulators without transactions: leaves
   * are then carried out before the commit, and joins after. @default true
   */
  readonly transactions?: boolean | undefined
  /** Epoch milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined
}

/** Keep connections in a DynamoDB table. */
export const dynamodbPorts = (options: DynamodbOptions): StorePorts => {
  checkOptions(options)
  const { tableName, transactions = true, now = Date.now } = options
  const table: Table = { tableName, ask: asking(options), seconds: () => Math.floor(now() / 1000) }
  const sharded = { ...table, counts: shardCounts((channel) => shardsIn(table, channel), now) }
  const ports = { records: recordsIn(table), blobs: blobsIn(table) }
  if (!transactions) return { ...ports, memberships: looseMembershipsIn(sharded, options) }
  return { ...ports, memberships: membershipsIn(sharded, options), commit: commitIn(sharded) }
}

const commitIn =
  (table: ShardedTable): NonNullable<StorePorts['commit']> =>
  async (connectionId, version, next, changes) => {
    const { put, mark } = replacementOf(table, connectionId, version, next)
    const [{ refused }] = await Promise.all([
      change(table, connectionId, changes, { first: { Put: put } }),
      ...changes.join.map(table.counts.refresh),
    ])
    return refused ? resultOf(table, connectionId, mark, refused) : { ok: true }
  }
