import { route, ws } from '../ws.ts'
import { Say } from './kit.ts'

// @mistake
ws().on('say', route({ inputs: Say }), () => {})
