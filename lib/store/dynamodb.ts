import { asking, type CallingOptions } from './dynamodb-call.ts'
import { changesOf, looseMembershipsIn, type MembershipsOptions, membershipsIn } from './dynamodb-memberships.ts'
import { checkOptions } from './dynamodb-options.ts'
import { recordsIn, replacementOf, resultOf, type Table } from './dynamodb-records.ts'
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
  const records = recordsIn(table)
  if (!transactions) return { records, memberships: looseMembershipsIn(table, options) }
  return { records, memberships: membershipsIn(table, options), commit: commitIn(table) }
}

const commitIn =
  (table: Table): NonNullable<StorePorts['commit']> =>
  async (connectionId, version, next, changes) => {
    const { put, mark } = replacementOf(table, connectionId, version, next)
    const { refused } = await table.ask('TransactWriteItems', {
      TransactItems: [{ Put: put }, ...changesOf(table, connectionId, changes)],
    })
    return refused ? resultOf(table, connectionId, mark, refused) : { ok: true }
  }
