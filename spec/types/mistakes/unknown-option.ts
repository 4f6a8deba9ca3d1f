import { ws } from '../ws.ts'

// @mistake
ws({ reply: 'post' })
