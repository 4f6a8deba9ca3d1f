import { ws } from '../ws.ts'
import { Say } from './kit.ts'

// @mistake
ws().on('say', Say, ({ data }) => data.txt)
