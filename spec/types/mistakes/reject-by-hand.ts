import { ws } from '../ws.ts'

// @mistake
ws().onConnect(() => ({ status: 200 }))
