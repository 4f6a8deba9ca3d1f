import type { Invariant } from './invariants.ts'
import { permits, traceOf } from './toy.ts'

const oneHeir: Invariant = {
  name: 'R1',
  claim: 'no two open connections have the state of one session',
  written: ({ world, moment }, { after }) => {
    if (!after?.resumed) return undefined
    const sessions = world.connections.flatMap((name, at) => {
      const record = world.record(moment, at)
      return record && !record.closed ? [record.resumed?.session ?? name] : []
    })
    return new Set(sessions).size === sessions.length ? undefined : 'two open connections have one session'
  },
}

const nothingLost: Invariant = {
  name: 'R2',
  claim: 'a connection that takes over has every committed transition of the one before',
  written: ({ world, moment }, { before, after }) => {
    if (!after?.resumed || after.resumed.from === before?.resumed?.from) return undefined
    if (before?.state && traceOf(before.state).length > 0) return 'what a connection had earned by itself was lost'
    const old = world.record(moment, world.connections.indexOf(after.resumed.from))
    if (!old?.closed) return 'a connection was taken over that is still open'
    return JSON.stringify(old.state) === JSON.stringify(after.state) ? undefined : 'a committed transition was lost'
  },
}

const noneLeft: Invariant = {
  name: 'R3',
  claim: 'a connection whose end was dealt with, or that was taken over, is in no channel',
  over: ({ world, moment }) => {
    const told = moment.tasks.map(({ phase, log }) => (phase === 'told' ? world.logs.at(log).told?.kind : 'killed'))
    if (told.some((kind) => kind === 'killed' || kind === 'unknown' || kind === 'thrown' || kind === 'untidy'))
      return undefined
    const left = world.connections.findIndex((name, at) => {
      const settled = world.tasks.some(
        ({ on, from }, task) =>
          (on === name && told[task]?.startsWith('closed')) || (from === name && told[task] === 'resumed'),
      )
      return settled && world.record(moment, at)?.closed && moment.members[at] !== 0
    })
    return left < 0 ? undefined : `'${world.connections[left]}' has ended and is still in a channel`
  },
}

const inherited: Invariant = {
  name: 'R5',
  claim: 'a connection that took over without trouble is in the channels that the state permits',
  over: ({ world, moment }) => {
    const told = moment.tasks.map(({ phase, log }) => (phase === 'told' ? world.logs.at(log).told?.kind : 'killed'))
    if (told.some((kind) => kind === 'killed' || kind === 'unknown' || kind === 'thrown' || kind === 'untidy'))
      return undefined
    const without = world.connections.findIndex((name, at) => {
      const record = world.record(moment, at)
      const wasTaken = world.tasks.some(({ on }, task) => on === name && told[task] === 'resumed')
      const had = record?.resumed && world.members.includes(record.resumed.shown ?? record.resumed.from)
      return wasTaken && had && !record.closed && permits(record.state) && moment.members[at] === 0
    })
    return without < 0 ? undefined : `'${world.connections[without]}' has lost the channel of the one before`
  },
}

const permitted: Invariant = {
  name: 'R4',
  claim: 'nobody is ever in a channel whom the committed state does not permit',
  changed: ({ world, moment }) => {
    const stray = moment.members.findIndex(
      (channels, at) => channels !== 0 && !permits(world.record(moment, at)?.state),
    )
    return stray < 0
      ? undefined
      : `'${world.connections[stray]}' is in a channel, and '${world.record(moment, stray)?.state?.value}' permits none`
  },
}

const spared: Invariant = {
  name: 'R6',
  claim: 'a connection that is denied another one has taken nothing of it',
  over: ({ world, moment }) => {
    const robbed = world.tasks.find(({ on, from }, task) => {
      const { phase, log } = moment.tasks[task] ?? {}
      if (!from || phase !== 'told' || log === undefined || world.logs.at(log).told?.kind !== 'denied') return false
      const others = world.tasks.some((one, at) => one.on === on && at !== task && one.from === from)
      return !others && world.record(moment, world.connections.indexOf(from))?.closed?.to === on
    })
    return robbed && `${robbed.name} was denied, and '${robbed.from}' is closed in its name`
  },
}

/** What holds where connections take over from others, and of who is in which channel. */
export const SESSIONS: readonly Invariant[] = [oneHeir, nothingLost, noneLeft, permitted, inherited, spared]
