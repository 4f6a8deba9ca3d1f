import { ws } from '../ws.ts'
import { Say } from './kit.ts'

const app = ws().pushes({ said: Say })
// @mistake
app.on('ping', ({ push }) => push('sed', { text: 'hi' }))
