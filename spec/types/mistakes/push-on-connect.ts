import { ws } from '../ws.ts'

// @mistake
ws().onConnect(({ push }) => push('said', 'hi'))
