import { reject, ws } from '../ws.ts'

// @mistake
ws().onConnect(() => reject(200))
