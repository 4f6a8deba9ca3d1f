import { ws } from '../ws.ts'
import { room } from './kit.ts'

const app = ws().protocol(room, { internal: ['idle', 'named'] })
// @mistake
app.on('leave', ({ raise }) => raise({ type: 'named', nick: 'Ann' }))
