import { ws } from '../ws.ts'
import { Join, room, Say, store } from './kit.ts'

// A typo blames its own line, and none of the later routes.
ws()
  .store(store)
  .protocol(room, { internal: ['idle', 'named'] })
  // @mistake
  .on('jion', Join, ({ data }) => data.name.length)
  .on('say', Say, ({ data }) => data.text)
  .on('leave', ({ snapshot }) => snapshot.value)
  .onDisconnect(({ code }) => console.log(code.toFixed()))
