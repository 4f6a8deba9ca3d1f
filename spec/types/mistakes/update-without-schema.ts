import { ws } from '../ws.ts'
import { store } from './kit.ts'

// @mistake
ws().store(store).onConnect(({ connection }) => connection.update({ name: 'ann' }))
