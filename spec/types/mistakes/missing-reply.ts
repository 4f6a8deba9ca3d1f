import * as v from 'valibot'
import { route, ws } from '../ws.ts'

const Receipt = v.object({ total: v.number() })
// @mistake
ws().on('order', route({ reply: Receipt }), () => {})
