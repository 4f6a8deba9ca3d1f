import { ws } from '../ws.ts'
import { room, Say } from './kit.ts'

const app = ws().pushes({ said: Say }).protocol(room, { internal: ['idle', 'named'] })
// @mistake
app.on('leave', ({ channel }) => channel('lobby').leave())
