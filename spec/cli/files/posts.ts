import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi'
import type { MessageEvent } from '../../../lib/event/event.ts'

// No endpoint, no region, no credentials: Lambda's environment has them.
const client = new ApiGatewayManagementApiClient()

export const handler = async ({ requestContext, body }: MessageEvent) => {
  const { connectionId, eventType, domainName, stage } = requestContext
  if (body === 'https')
    await new ApiGatewayManagementApiClient({ endpoint: `https://${domainName}/${stage}` }).send(
      post('x', connectionId),
    )
  if (body === 'throw') throw new Error('as asked')
  if (eventType === 'MESSAGE') await client.send(post(`echo ${body}`, connectionId))
  return { statusCode: 200 }
}

const post = (Data: string, ConnectionId: string) => new PostToConnectionCommand({ ConnectionId, Data })
