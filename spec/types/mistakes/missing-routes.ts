import { ws } from '../ws.ts'
import { Join, room, store } from './kit.ts'

const app = ws().store(store).protocol(room, { internal: ['idle', 'named'] }).on('join', Join, () => {})
// @mistake
app.build()
