import { ws } from '../ws.ts'

const app = ws().on('ping', () => {})
// @mistake
app.on('ping', () => {})
