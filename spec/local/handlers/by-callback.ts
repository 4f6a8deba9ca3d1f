import { writeFileSync } from 'node:fs'
import type { WebSocketEvent } from '../../../lib/event/event.ts'
import type { LambdaCallback, LambdaContext } from '../../../lib/local/index.ts'

/** Answers through its callback, and then writes a file. */
export const handler = (event: WebSocketEvent, context: LambdaContext, callback: LambdaCallback) => {
  const { path, waits } = JSON.parse('body' in event ? String(event.body) : '{}')
  context.callbackWaitsForEmptyEventLoop = waits
  setTimeout(() => writeFileSync(path, 'written'), 20)
  callback(null, { statusCode: 200 })
}
