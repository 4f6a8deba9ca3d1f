import type { Whose } from './leaving.ts'
import type { CloudEvent, Origin } from './publisher.ts'

/**
 * The default event: CloudEvents 1.0, in its JSON format. What is known of the message travels as extension attributes,
 * whose names are of lower case letters and digits alone (CloudEvents 1.0, Naming Conventions).
 */
export const cloudEventOf = ({ received, plan }: Whose, type: string, data: unknown, origin: Origin): CloudEvent => {
  const { apiId, stage, requestTimeEpoch } = received.event.requestContext
  const { id, connectionId, messageId, requestId, correlation } = origin
  return {
    specversion: '1.0',
    id,
    source: `ws-interlock/${apiId}/${stage}`,
    type,
    // When the message reached API Gateway. A made-up event may not say so.
    time: new Date(Number.isFinite(requestTimeEpoch) ? requestTimeEpoch : plan.clock.now()).toISOString(),
    datacontenttype: 'application/json',
    data,
    connectionid: connectionId,
    ...(messageId !== undefined && { messageid: messageId }),
    requestid: requestId,
    ...(correlation !== undefined && { correlation }),
  }
}
