import { ws } from '../ws.ts'
import { Say, store } from './kit.ts'

const app = ws().store(store).pushes({ said: Say })
// @mistake
app.onConnect(({ channel }) => channel('lobby').broadcast('said', { text: 'hi' }))
