import { ws } from '../ws.ts'
import { Join, store } from './kit.ts'

ws()
  .on('ping', () => {})
  // @mistake
  .store(store)
  .on('join', Join, ({ data }) => data.name.length)
  .onDisconnect(({ code }) => console.log(code.toFixed()))
