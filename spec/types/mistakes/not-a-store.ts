import { ws } from '../ws.ts'

// @mistake
ws().store(new Map())
