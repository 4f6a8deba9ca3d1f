import { type CloudEvent, type Publisher, stay } from 'ws-interlock'
import { type MemoryOptions, memory } from 'ws-interlock/publish/memory'
import { createMachine } from 'xstate'

/** An array of events, and how many were published at a time. */
export const counting = (refuse?: MemoryOptions<CloudEvent>['refuse']) => {
  const kept = memory(refuse && { refuse })
  const calls: number[] = []
  const bus: Publisher<CloudEvent> = {
    ...kept,
    publish: (entries, chance) => {
      calls.push(entries.length)
      return kept.publish(entries, chance)
    },
  }
  return { bus, calls, entries: kept.entries, types: () => kept.entries.map(({ type }) => type) }
}

export const refused = () => ({ code: 'InternalFailure', message: 'secret: bus/0815 is on fire', isPassing: true })

/** `pay` changes the state and may come once; `look` changes nothing. */
export const till = createMachine({
  id: 'till',
  initial: 'open',
  states: { open: { on: { pay: 'paid', look: stay } }, paid: { on: { look: stay } } },
})
