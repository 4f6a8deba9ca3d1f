import { route, ws } from '../ws.ts'
import { room } from './kit.ts'

const app = ws().protocol(room, { internal: ['idle', 'named'] })
// @mistake
app.on('join', route({ exclusive: true }), () => {})
