import { ws } from '../ws.ts'

// @mistake
ws().onError(() => ({ code: 'UNAVAILABLE' }))
