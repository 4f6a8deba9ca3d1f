import * as v from 'valibot'
import { bus, publishTo, route, ws } from '../ws.ts'
import { Say } from './kit.ts'

const Quote = v.object({ price: v.number() })
// @mistake
ws().on('quote', route({ input: Say, reply: Quote }), publishTo(bus))
