import type { Ask } from './dynamodb-call.ts'
import type { Fault } from './dynamodb-fault.ts'
import { connection, type Item, recordKey } from './dynamodb-table.ts'
import { recordOf, textOf } from './record-text.ts'
import type { ConnectionRecord, Records, ReplaceResult } from './store.ts'

/** An open table, and the time by which what has expired is left out. */
export interface Table {
  readonly tableName: string
  readonly ask: Ask
  /** Epoch seconds. */
  readonly seconds: () => number
}

/** Keep the records of connections in a table: one item each, with the record as text. */
export const recordsIn = (table: Table): Records => {
  const { tableName, ask } = table
  return {
    read: async (connectionId) => recordIn(table, connectionId, await itemOf(table, connectionId)),
    create: async (connectionId, record) => {
      const { put, mark } = putOf(table, connectionId, record, 'attribute_not_exists(pk) OR #ttl <= :now')
      const { refused } = await ask('PutItem', put)
      return !refused || (await winner(table, connectionId, refused))?.w?.S === mark
    },
    replace: async (connectionId, version, next) => {
      const { put, mark } = replacementOf(table, connectionId, version, next)
      const { refused } = await ask('PutItem', put)
      return refused ? resultOf(table, connectionId, mark, refused) : { ok: true }
    },
    delete: async (connectionId) =>
      void (await ask('DeleteItem', { TableName: tableName, Key: recordKey(connectionId) })),
  }
}

/** A write on the condition that the stored version is `version`: as PutItem takes it, and the Put of a transaction. */
export const replacementOf = (table: Table, connectionId: string, version: number, next: ConnectionRecord) =>
  putOf(table, connectionId, next, '#v = :v AND #ttl > :now', { '#v': 'v' }, { ':v': { N: `${version}` } })

/** What came of a replacement whose condition was not met. */
export const resultOf = async (
  table: Table,
  connectionId: string,
  mark: string,
  refused: Fault,
): Promise<ReplaceResult> => {
  const item = await winner(table, connectionId, refused)
  return item?.w?.S === mark ? { ok: true } : { ok: false, current: recordIn(table, connectionId, item) }
}

/** Read an item as the record that it is. What has expired is not there; what cannot be read is an error. */
export const recordIn = (
  { tableName, seconds }: Table,
  connectionId: string,
  item: Item | undefined,
): ConnectionRecord | undefined => {
  if (!item) return undefined
  const place = `the item '${connection(connectionId)}' of the DynamoDB table '${tableName}'`
  const record = recordOf(item.r?.S, place)
  // The conditions of writes see these two and not the text.
  if (Number(item.v?.N) !== record.version || Number(item.ttl?.N) !== record.ttl)
    throw new Error(`The \`v\` or the \`ttl\` of ${place} is not that of its record: somebody else has written there.`)
  return record.ttl > seconds() ? record : undefined
}

/** Never an older item than one whose write has returned. */
export const itemOf = async ({ tableName, ask }: Table, connectionId: string): Promise<Item | undefined> =>
  (await ask('GetItem', { TableName: tableName, Key: recordKey(connectionId), ConsistentRead: true })).Item

/** The item that stood in the way. DynamoDB hands it back; dynalite, and whatever else does not, is asked for it. */
const winner = async (table: Table, connectionId: string, { item, reasons }: Fault) =>
  item ?? reasons[0]?.Item ?? (await itemOf(table, connectionId))

/**
 * A write whose answer was lost is sent again, by us, by the SDK or on a fresh socket, and then meets what it wrote
 * itself. The item says whose it is.
 */
export const markOf = () => process.getBuiltinModule('node:crypto').randomUUID().slice(-12)

const putOf = (
  { tableName, seconds }: Table,
  connectionId: string,
  record: ConnectionRecord,
  condition: string,
  names: Readonly<Record<string, string>> = {},
  values: Item = {},
) => {
  const mark = markOf()
  return {
    mark,
    put: {
      TableName: tableName,
      Item: {
        ...recordKey(connectionId),
        v: { N: `${record.version}` },
        r: { S: textOf(record) },
        w: { S: mark },
        ttl: { N: `${record.ttl}` },
        ...(record.closed && { closed: { BOOL: true } }),
      },
      ConditionExpression: condition,
      ExpressionAttributeNames: { '#ttl': 'ttl', ...names },
      ExpressionAttributeValues: { ':now': { N: `${seconds()}` }, ...values },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  }
}
