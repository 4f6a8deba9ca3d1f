import type { EventBridgeEvent } from 'aws-lambda'
import { ship } from './server.ts'

/**
 * Another Lambda function, which no peer can call, for an EventBridge rule:
 * `{ "source": ["shop"], "detail-type": ["OrderPlaced"] }`. Where the connection is reached is in the correlation; the
 * function needs `execute-api:ManageConnections` on the API.
 */
export const onOrder = async ({ detail }: EventBridgeEvent<'OrderPlaced', unknown>): Promise<void> => {
  await ship(detail)
}
