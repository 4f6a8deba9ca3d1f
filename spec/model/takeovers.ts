import { LOBBY, type Scenario } from './scenario.ts'
import { dispatch, look, type Make, part, send, takeOver } from './task.ts'
import { recordIn } from './toy.ts'

const resume = takeOver('r1', 'old', 'new')
const again = takeOver('r2', 'old', 'new')
const other = takeOver('r3', 'old', 'other')
const chained = takeOver('r4', 'new', 'third')
/** A peer that lost the answer with its connection, and shows the same token and the same key on the next one. */
const keyed = takeOver('r1', 'old', 'new', 'key')
const keyedAgain = takeOver('r2', 'old', 'new', 'key')
const keyedOther = takeOver('r3', 'old', 'other', 'key')
const keyedThird = takeOver('r4', 'old', 'third', 'key')
const foreign = takeOver('r3', 'old', 'other', 'another key')
const ends = part('d', 'disconnect', 'old')
const gone = part('g', 'gone', 'old')
const on = (name: string) => ({ on: name })
const vote = send('v', 'vote', on('old'))
const leave = send('l', 'leave', { on: 'old', leaves: [LOBBY] })
const joinOld = send('j', 'join', { on: 'old', joins: [LOBBY] })
const leaveNew = send('n', 'leave', { on: 'new', leaves: [LOBBY] })

const fresh = recordIn('anon')
const taking = (old: string, ...tasks: Make[]) => ({ from: { old: recordIn(old), new: fresh }, tasks })
/** Others come too. */
const between = (old: string, ...tasks: Make[]) => ({
  from: { old: recordIn(old), new: fresh, other: fresh, third: fresh },
  tasks,
})
const members = ['old']

/** A new connection takes over the session of an old one. */
const sessions: readonly Scenario[] = [
  { what: 'resume, a vote in flight on the old connection', ...taking('joined', resume, vote), crashes: 1, losses: 1 },
  { what: 'resume, a vote in flight, the clock jumps', ...taking('joined', resume, vote), crashes: 1, jumps: 3 },
  { what: 'two connections with one token, a vote in flight', ...between('joined', resume, other, vote), tries: 1 },
  { what: 'two connections with one token', ...between('joined', resume, other), crashes: 1, losses: 1 },
  { what: 'resume, and once more after a crash', ...taking('joined', resume, again), crashes: 1, losses: 1, members },
  {
    what: 'resume, $disconnect of the old',
    ...taking('joined', resume, ends),
    members,
    crashes: 1,
    losses: 1,
    jumps: 1,
  },
  { what: 'resume, 410 of the old', ...taking('joined', resume, gone), members, crashes: 1, losses: 1 },
  {
    what: 'resume, $disconnect of the old, which a 410 has ended',
    from: { old: recordIn('joined', { closed: { by: 'gone', token: 'g', at: 0 } }), new: fresh },
    tasks: [resume, ends],
    ...{ members, crashes: 1, losses: 1 },
  },
  { what: 'resume, a leave in flight on the old', ...taking('joined', resume, leave), members, crashes: 1, losses: 1 },
  { what: 'resume, a leave in flight, $disconnect', ...taking('joined', resume, leave, ends), members },
  {
    what: 'resume, a leave on the new connection',
    ...taking('joined', resume, leaveNew),
    members,
    crashes: 1,
    losses: 1,
  },
  { what: 'resume, resume again, a leave on the new', ...taking('joined', resume, again, leaveNew), members },
  { what: 'resume, $disconnect of the old, a leave on the new', ...taking('joined', resume, ends, leaveNew), members },
  {
    what: 'resume of one that has ended, resume again, a leave on the new',
    from: {
      old: recordIn('joined', { closed: { by: 'disconnect', token: 'd', at: 0, channels: [LOBBY] } }),
      new: fresh,
    },
    tasks: [resume, again, leaveNew],
  },
  { what: 'resume, a join in flight on the old', ...taking('authed', resume, joinOld), crashes: 1, losses: 1 },
  { what: 'resume, a join in flight on the old', ...taking('authed', resume, joinOld), crashes: 1, whole: false },
  {
    what: 'resume, $disconnect of both',
    ...taking('joined', resume, part('e', 'disconnect', 'new'), ends),
    members,
  },
  { what: 'resume, and the resume of the heir', ...between('joined', resume, chained), members, crashes: 1, losses: 1 },
  {
    what: 'resume, an auth on the new connection, $disconnect of the old',
    ...taking('joined', resume, send('a', 'auth', on('new')), ends),
    members,
  },
  {
    what: 'a key, and the same on another connection',
    ...between('joined', keyed, keyedOther),
    members,
    crashes: 1,
    losses: 1,
  },
  { what: 'a key, the same on another connection, the clock jumps', ...between('joined', keyed, keyedOther), jumps: 3 },
  {
    what: 'a key, $disconnect of the new, the same key on another connection',
    ...between('joined', keyed, part('e', 'disconnect', 'new'), keyedOther),
    members,
    tries: 1,
  },
  {
    what: 'a key, lost before the state was with the heir, the same key on two other connections',
    from: {
      old: recordIn('joined', { closed: { by: 'gone', token: 'r1', at: 0, to: 'new', key: 'key' } }),
      ...{ new: recordIn('anon', { closed: { by: 'disconnect', token: 'e', at: 0 } }), other: fresh, third: fresh },
    },
    tasks: [keyedOther, keyedThird],
    members,
    tries: 1,
  },
  {
    what: 'a key, once more, and on another connection',
    ...between('joined', keyed, keyedOther, takeOver('r5', 'old', 'other', 'key')),
    members,
    tries: 1,
  },
  {
    what: 'a key, once more where it was, and on another',
    ...between('joined', keyed, keyedAgain, keyedOther),
    members,
    tries: 1,
  },
  {
    what: 'a key, the same on another connection, a vote in flight',
    ...between('joined', keyed, keyedOther, vote),
    tries: 1,
  },
  {
    what: 'a key, the same on another connection, a vote on the new',
    ...between('joined', keyed, keyedOther, send('w', 'vote', on('new'))),
    tries: 1,
  },
  {
    what: 'a key, a leave in flight on the old, the same key on another connection',
    ...between('joined', keyed, keyedOther, leave),
    members,
    tries: 1,
  },
  {
    what: 'a key, a leave on the new, the same key on another connection',
    ...between('joined', keyed, keyedOther, leaveNew),
    members,
    tries: 1,
  },
  { what: 'a key, and another key on another connection', ...between('joined', keyed, foreign), members, crashes: 1 },
  {
    what: 'resume, an event of the server for the old',
    ...taking('joined', resume, dispatch('k', 'kick', 'old')),
    losses: 1,
  },
  {
    what: 'resume where 5 ms to auth are left, tick on both',
    from: { old: recordIn('anon', { due: [{ event: 'after', at: 5 }] }), new: fresh },
    tasks: [resume, look('t', 'old'), look('u', 'new')],
    ...{ jumps: 2, crashes: 1 },
  },
]

const join = send('j', 'join', { joins: [LOBBY] })
const leaveC = send('l', 'leave', { leaves: [LOBBY] })

/** Memberships of one connection: stored with the state, or beside it where the store cannot do both. */
const memberships = (whole: boolean): readonly Scenario[] =>
  [
    { what: 'join, $disconnect', from: { c: recordIn('authed') }, tasks: [join, part('d', 'disconnect')] },
    { what: 'join, leave', from: { c: recordIn('authed') }, tasks: [join, leaveC], tries: 1 },
    {
      what: 'leave, $disconnect',
      from: { c: recordIn('joined') },
      tasks: [leaveC, part('d', 'disconnect')],
      members: ['c'],
    },
    {
      what: 'leave, leave',
      from: { c: recordIn('joined') },
      tasks: [leaveC, send('m', 'leave', { leaves: [LOBBY] })],
      members: ['c'],
    },
  ].map((scenario) => ({ ...scenario, whole, crashes: 1, losses: 1, jumps: 1 }))

export const TAKEOVERS: readonly Scenario[] = [...sessions, ...memberships(true), ...memberships(false)]
