import { type DynamodbOptions, dynamodbPorts } from '../store/dynamodb.ts'
import type { Store } from '../store/store.ts'
import { store } from './store.ts'

export type { DynamodbOptions } from '../store/dynamodb.ts'
export type { DynamodbClient } from '../store/dynamodb-sdk.ts'
export { type TableDefinition, tableDefinition, timeToLive } from '../store/dynamodb-table.ts'

/**
 * Keep connections in a DynamoDB table, which every instance of a function shares.
 *
 * ```ts
 * ws().store(dynamodb({ tableName: 'connections' }))
 * ```
 *
 * Requests are signed and sent without the AWS SDK. With `client` they go through a client of the SDK. The role of the
 * function needs GetItem, PutItem, DeleteItem, Query and ConditionCheckItem on the table, which `tableDefinition`
 * describes.
 */
export const dynamodb = (options: DynamodbOptions): Store => store(dynamodbPorts(options))
