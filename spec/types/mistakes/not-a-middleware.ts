import { ws } from '../ws.ts'

// @mistake
ws().use(async ({ connection }) => ({ user: connection.id }))
