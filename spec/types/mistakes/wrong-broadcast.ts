import { ws } from '../ws.ts'
import { Say, store } from './kit.ts'

const app = ws().store(store).pushes({ said: Say })
// @mistake
app.on('ping', ({ channel }) => channel('lobby').broadcast('said', 'hi'))
