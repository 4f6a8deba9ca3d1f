import { type Middleware, ws } from '../ws.ts'

declare const admins: Middleware<{}, { user: { admin: boolean } }>
// @mistake
ws().use(admins)
