import { ws } from '../ws.ts'

// @mistake
ws().on('$connect', () => {})
