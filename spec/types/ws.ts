import type { EventBridgeEntry } from '../../lib/publish/eventbridge.ts'
import type { Publisher } from '../../lib/publish/publisher.ts'
import type { Store } from '../../lib/store/store.ts'
import type { Tasking } from '../../lib/types/task.ts'

export { accept, type Middleware, publishing, publishTo, reject, route, ws } from 'ws-interlock'
// Only their types matter here: none of these files runs.
export { connect } from 'ws-interlock/client'
export { followTask, startTask } from 'ws-interlock/client/task'
export { authorizer } from 'ws-interlock/guard'
export declare const store: Store
export declare const queue: Tasking
export declare const bus: Publisher<EventBridgeEntry>
