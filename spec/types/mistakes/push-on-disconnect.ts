import { ws } from '../ws.ts'

// @mistake
ws().onDisconnect(({ push }) => push('said', 'bye'))
