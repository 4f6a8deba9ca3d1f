import type { Store } from '../../lib/store/store.ts'
import type { AppLike } from '../../lib/types/app.ts'
import type { Client } from '../../lib/types/client.ts'

export { accept, type Middleware, reject, route, ws } from 'ws-interlock'
export { authorizer } from 'ws-interlock/guard'

// Only their types matter here: none of these files runs.
export declare const connect: <A extends AppLike>(url: string) => Client<A>
export declare const store: Store
