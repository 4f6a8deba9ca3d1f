import * as v from 'valibot'
import { room } from '../ok.ts'
import { queue, store, ws } from '../ws.ts'

// What the mistakes next door are made with. This file compiles.
export { queue, room, store }

export const Join = v.object({ name: v.string() })
export const Say = v.object({ text: v.string() })
export const Wrong = v.object({ nick: v.string() })

export const echo = ws()
  .on('echo', v.string(), ({ data }) => data.length)
  .build()

export const chat = ws()
  .store(store)
  .pushes({ said: Say })
  .protocol(room, { internal: ['idle', 'named'] })
  .on('join', Join, () => {})
  .on('say', Say, () => {})
  .on('leave', () => {})
  .build()

export const office = ws()
  .store(store)
  .on('ping', () => 'pong' as const)
  .task('report', v.object({ year: v.number() }), { queue }, async () => ({ rows: 3 }))
  .build()
