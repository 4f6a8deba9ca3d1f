import { ws } from '../ws.ts'

// @mistake
ws({ replies: 'route' })
