import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi'
import type { MessageEvent } from '../../../lib/event/event.ts'

// No endpoint, no region, no credentials: Lambda's environment has them.
const client = new ApiGatewayManagementApiClient()

export const handler = async ({ requestContext: { connectionId, eventType }, body }: MessageEvent) => {
  if (body === 'throw') throw new Error('as asked')
  if (eventType === 'MESSAGE')
    await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: `echo ${body}` }))
  return { statusCode: 200 }
}
