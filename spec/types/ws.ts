import type { Store } from '../../lib/store/store.ts'

export { accept, type Middleware, reject, route, ws } from 'ws-interlock'
// Only their types matter here: none of these files runs.
export { connect } from 'ws-interlock/client'
export { authorizer } from 'ws-interlock/guard'
export declare const store: Store
