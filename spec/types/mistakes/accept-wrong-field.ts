import { accept, ws } from '../ws.ts'

// @mistake
ws().onConnect(() => accept({ protocol: 'v1' }))
