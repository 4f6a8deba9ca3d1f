import { ws } from '../ws.ts'
import { Join, room, Say, store } from './kit.ts'

ws()
  .store(store)
  .protocol(room, { internal: ['idle', 'named'] })
  .on('join', Join, () => {})
  .on('say', Say, () => {})
  .on('leave', () => {})
  // @mistake
  .on('leav', () => {})
