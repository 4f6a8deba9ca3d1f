import { route, ws } from '../ws.ts'
import { Say } from './kit.ts'

const app = ws().on('say', Say, () => {})
// @mistake
app.on('say', route({ input: Say }), () => {})
