import { ws } from '../ws.ts'
import { room, store } from './kit.ts'

// @mistake
ws().store(store).protocol(room).onConnect(({ snapshot }) => console.log(snapshot))
