import * as v from 'valibot'
import { ws } from '../ws.ts'
import { room } from './kit.ts'

const app = ws().protocol(room, { internal: ['idle', 'named'] })
// @mistake
app.on('leave', v.string(), () => {})
