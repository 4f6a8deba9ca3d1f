import { setup } from 'xstate'
import { stay, ws } from '../../../lib/index.ts'
import { memory } from '../../../lib/state/memory.ts'

const machine = setup({ types: { events: {} as { type: 'join' } | { type: 'send' } } }).createMachine({
  initial: 'outside',
  states: { outside: { on: { join: { target: 'inside' } } }, inside: { on: { send: stay } } },
})

/** One message after the other, by a store that every instance has for itself. */
export const handler = ws()
  .store(memory())
  .protocol(machine)
  .onConnect(() => {})
  .on('join', () => 'joined')
  .on('send', () => 'sent')
  .build()
