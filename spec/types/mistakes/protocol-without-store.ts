import { ws } from '../ws.ts'
import { Join, room, Say } from './kit.ts'

const app = ws()
  .protocol(room, { internal: ['idle', 'named'] })
  .on('join', Join, () => {})
  .on('say', Say, () => {})
  .on('leave', () => {})
// @mistake
app.build()
