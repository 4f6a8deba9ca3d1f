import { ws } from '../ws.ts'

// @mistake
ws().on('ping', ({ push }) => push('said', { text: 'hi' }))
