import { type Middleware, route, ws } from '../ws.ts'

declare const withUser: Middleware<{ user: { admin: boolean } }>
declare const admins: Middleware<{}, { user: { admin: boolean } }>
// @mistake
ws().on('reboot', route({ use: [admins, withUser] }), () => {})
