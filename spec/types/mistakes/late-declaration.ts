import { ws } from '../ws.ts'
import { room } from './kit.ts'

const app = ws().on('ping', () => {})
// @mistake
app.protocol(room)
