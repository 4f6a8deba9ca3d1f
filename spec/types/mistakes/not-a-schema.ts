import { ws } from '../ws.ts'

// @mistake
ws().on('say', { text: 'string' }, () => {})
