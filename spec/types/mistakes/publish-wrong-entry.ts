import { bus, publishTo, ws } from '../ws.ts'
import { Say } from './kit.ts'

// @mistake
ws().on('say', Say, publishTo(bus, (_, { text }) => ({ detailType: 'Said', details: { text } })))
