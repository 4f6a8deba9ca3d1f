import { ws } from '../ws.ts'

// @mistake
ws().onConnect((context) => context.push('said', 'hi'))
