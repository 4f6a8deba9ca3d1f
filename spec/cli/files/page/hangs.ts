import type { WebSocketEvent } from '../../../../lib/event/event.ts'

export const notThis = async () => ({ statusCode: 500 })

export default async ({ requestContext }: WebSocketEvent) => {
  if (requestContext.eventType === 'DISCONNECT') await new Promise(() => {})
  return { statusCode: 200, body: 'from the default export' }
}
