import { ws } from '../ws.ts'
import { greeted } from '../ok.ts'

// @mistake
ws().protocol(greeted)
