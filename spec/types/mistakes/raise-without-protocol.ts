import { ws } from '../ws.ts'

// @mistake
ws().on('leave', ({ raise }) => raise({ type: 'idle' }))
