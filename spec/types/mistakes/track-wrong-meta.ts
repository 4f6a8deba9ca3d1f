import * as v from 'valibot'
import { ws } from '../ws.ts'
import { store } from './kit.ts'

const app = ws().store(store).channels({ presence: v.object({ name: v.string() }) })
// @mistake
app.on('enter', ({ channel }) => channel('lobby').presence.track({ nick: 'ann' }))
