import { ws } from '../ws.ts'
import { room } from './kit.ts'

// @mistake
ws().protocol(room, { internal: ['idel'] })
