import { ws } from '../ws.ts'

// @mistake
ws().on('join', ({ channel }) => channel('lobby').join())
