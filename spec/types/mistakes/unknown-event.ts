import { ws } from '../ws.ts'
import { Join, room } from './kit.ts'

const app = ws().protocol(room, { internal: ['idle', 'named'] })
// @mistake
app.on('jion', Join, () => {})
