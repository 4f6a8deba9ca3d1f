import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'

/** Says back what it is told. Nothing is stored, so there is nothing to deploy but the function. */
export const handler = ws()
  .onConnect(() => accept()) // an open door, and meant
  .on('echo', v.object({ text: v.string() }), ({ data }) => data)
  .onDefault(({ data }) => ({ youSaid: data }))
  .build()
