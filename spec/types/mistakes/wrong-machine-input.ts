import { ws } from '../ws.ts'
import { greeted } from '../ok.ts'

// @mistake
ws().protocol(greeted, { input: ({ query }) => ({ user: query.get('name') }) })
