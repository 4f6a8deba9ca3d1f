import { ws } from '../ws.ts'
import { Say, store } from './kit.ts'

const { server } = ws().store(store).pushes({ said: Say }).build()
// @mistake
server.channel('lobby').broadcast('sed', { text: 'hi' })
