import * as v from 'valibot'
import { queue, route, store, ws } from '../ws.ts'
import { Say } from './kit.ts'

ws()
  .store(store)
  // @mistake
  .task('report', route({ input: Say, progress: v.number() }), { queue }, async ({ progress }) => progress(0.5))
