import { setup } from 'xstate'

/** One report at a time. `reported` comes from the end of the task, never from a peer. */
export const reportProtocol = setup({
  types: { events: {} as { type: 'report'; year: number; months: number } | { type: 'reported' } },
}).createMachine({
  id: 'report',
  version: '1',
  initial: 'idle',
  states: {
    idle: { on: { report: 'reporting' } },
    reporting: { on: { reported: 'idle' } },
  },
})
