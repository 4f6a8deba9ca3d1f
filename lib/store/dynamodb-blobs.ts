import { markOf, type Table } from './dynamodb-records.ts'
import { blobKey } from './dynamodb-table.ts'
import type { Blobs } from './store.ts'

/** Keep texts in a table: one item each. */
export const blobsIn = ({ tableName, ask, seconds }: Table): Blobs => {
  const itemOf = (key: string, text: string, ttlSeconds: number) => ({
    ...blobKey(key),
    body: { S: text },
    ttl: { N: `${seconds() + Math.ceil(ttlSeconds)}` },
  })
  const read = async (key: string) =>
    (await ask('GetItem', { TableName: tableName, Key: blobKey(key), ConsistentRead: true })).Item
  return {
    put: async (key, text, ttlSeconds) =>
      void (await ask('PutItem', { TableName: tableName, Item: itemOf(key, text, ttlSeconds) })),
    claim: async (key, ttlSeconds) => {
      const mark = markOf()
      const { refused } = await ask('PutItem', {
        TableName: tableName,
        Item: { ...itemOf(key, '', ttlSeconds), w: { S: mark } },
        ConditionExpression: 'attribute_not_exists(pk) OR #ttl <= :now',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':now': { N: `${seconds()}` } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      })
      return !refused || (refused.item ?? (await read(key)))?.w?.S === mark
    },
    // DynamoDB still has what has expired.
    get: async (key) => {
      const item = await read(key)
      return Number(item?.ttl?.N) > seconds() ? item?.body?.S : undefined
    },
  }
}
