import { messageEvent } from '../../lib/event/make.ts'
import { instances } from '../../lib/local/instances/instances.ts'
import { contextNow } from './instances.ts'

// To be killed, while one of its two instances is in the middle of an invocation and the other stands still.
const { invoke } = instances({
  module: new URL('../local/handlers/orders.ts', import.meta.url),
  clock: { now: Date.now, setTimeout, clearTimeout },
  lambdaTimeoutMs: 60_000,
  notice: () => {},
})
const ask = (action: string) => invoke(messageEvent({ body: { action } }), contextNow())
await ask('none')
await ask('hang')
