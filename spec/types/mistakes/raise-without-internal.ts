import { ws } from '../ws.ts'
import { room } from './kit.ts'

const app = ws().protocol(room)
// @mistake
app.on('leave', ({ raise }) => raise({ type: 'idle' }))
