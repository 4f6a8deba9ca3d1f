import * as v from 'valibot'
import { ws } from '../ws.ts'
import { store } from './kit.ts'

const app = ws().store(store).connection(v.object({ count: v.number() }))
// @mistake
app.on('enter', ({ connection }) => connection.update({ count: 'one' }))
