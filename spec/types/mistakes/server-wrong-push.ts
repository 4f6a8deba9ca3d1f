import { ws } from '../ws.ts'
import { Say } from './kit.ts'

const { server } = ws().pushes({ said: Say }).build()
// @mistake
server.connection('id').push('said', { text: 1 })
