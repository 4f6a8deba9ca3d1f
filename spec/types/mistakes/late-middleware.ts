import { ws } from '../ws.ts'

const app = ws().onConnect(() => {})
// @mistake
app.use(async ({ connection }, next) => next({ user: connection.id }))
