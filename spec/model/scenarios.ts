import type { Scenario } from './scenario.ts'
import { dispatch, look, type Make, part, send } from './task.ts'
import { recordIn, toy } from './toy.ts'

const auth = send('a', 'auth')
const badAuth = send('a', 'auth', { fails: true })
const join = send('j', 'join')
const say = send('s', 'send')
const vote = send('v1', 'vote')
const vote2 = send('v2', 'vote')
const leave = send('l', 'leave')
const kick = dispatch('k', 'kick')
const ends = part('d', 'disconnect')
const gone = part('g', 'gone')
const [first, again] = [send('t1', 'vote', { id: 'v' }), send('t2', 'vote', { id: 'v' })]

const on = (state: string, ...tasks: Make[]) => ({ from: { c: recordIn(state) }, tasks })
/** A connection that has until 5 ms to authenticate. */
const hurried = (...tasks: Make[]) => ({ from: { c: recordIn('anon', { due: [{ event: 'after', at: 5 }] }) }, tasks })

/** One connection, functions that are killed in time, and clocks that agree. */
const timed: readonly Scenario[] = [
  { what: 'auth (fails), join', ...on('anon', badAuth, join) },
  { what: 'auth (fails), join', ...on('anon', badAuth, join), crashes: 1, jumps: 2 },
  { what: 'auth, join, send', ...on('anon', auth, join, say) },
  { what: 'auth, join, send, each waiting once', ...on('anon', auth, join, say), tries: 1 },
  { what: 'vote, leave, send', ...on('joined', vote, leave, say), tries: 1 },
  { what: 'vote, dispatch kick, send', ...on('joined', vote, kick, say), crashes: 1, jumps: 1, tries: 1 },
  { what: 'vote, vote', ...on('joined', vote, vote2), once: 'vote' },
  { what: 'vote, vote, leave', ...on('joined', vote, vote2, leave), once: 'vote' },
  { what: 'vote, vote', ...on('joined', vote, vote2), once: 'vote', crashes: 1, jumps: 3 },
  { what: 'vote, vote', ...on('joined', vote, vote2), once: 'vote', crashes: 2, jumps: 4 },
  { what: 'vote, leave, send', ...on('joined', vote, leave, say), crashes: 1, jumps: 2, tries: 1 },
  { what: 'vote, vote', ...on('joined', vote, vote2), once: 'vote', losses: 1, jumps: 2 },
  { what: 'vote, leave', ...on('joined', vote, leave), losses: 2, jumps: 2 },
  { what: 'vote, leave, waiting once', ...on('joined', vote, leave), losses: 3, tries: 1 },
  { what: 'vote, vote', ...on('joined', vote, vote2), once: 'vote', crashes: 1, losses: 1, jumps: 2, tries: 1 },
  { what: 'join, $disconnect', ...on('authed', join, ends), crashes: 1, losses: 1, jumps: 2 },
  { what: 'join, $disconnect, send', ...on('authed', join, ends, say) },
  { what: 'vote, kick, send', ...on('joined', vote, send('k', 'kick'), say), tries: 1 },
  { what: 'vote, vote, leave, send', ...on('joined', vote, vote2, leave, say), once: 'vote', tries: 0 },
  {
    what: 'join that raises leave, ping',
    ...on('authed', send('j', 'join', { raises: ['leave'] }), send('p', 'ping')),
    ...{ crashes: 1, jumps: 2 },
  },
  { what: 'leave that raises what it may not, vote', ...on('joined', send('l', 'leave', { raises: ['vote'] }), vote) },
  {
    what: 'send that raises kick, vote',
    ...on('joined', send('s', 'send', { raises: ['kick'] }), vote),
    ...{ crashes: 1, losses: 1, jumps: 1 },
  },
  {
    what: 'an exclusive send, vote',
    ...on('joined', send('s', 'send', { exclusive: true }), vote),
    losses: 1,
    jumps: 1,
  },
  { what: 'one vote in two attempts', ...on('joined', first, again), once: 'vote', crashes: 1, jumps: 2 },
  { what: 'one vote in two attempts', ...on('joined', first, again), once: 'vote', losses: 2 },
  {
    what: 'two messages under one id',
    ...on('joined', first, send('t3', 'leave', { id: 'v' })),
    ...{ crashes: 1, jumps: 2, losses: 1 },
  },
  { what: 'auth, auth, 5 ms to do so', ...hurried(auth, send('b', 'auth')), jumps: 4 },
  { what: 'auth, tick, 5 ms to do so', ...hurried(auth, look('t')), jumps: 3, crashes: 1, losses: 1 },
  { what: 'tick, tick, $disconnect, 5 ms to auth', ...hurried(look('t'), look('u'), ends), jumps: 2, losses: 1 },
  { what: '410, $disconnect', ...on('joined', gone, ends), crashes: 1, losses: 2 },
  { what: '410, $disconnect, vote', ...on('joined', gone, ends, vote), crashes: 1, jumps: 1 },
  { what: 'two 410s, leave', ...on('joined', gone, part('h', 'gone'), leave), losses: 1 },
  { what: 'dispatch kick, dispatch kick, vote', ...on('joined', kick, dispatch('k2', 'kick'), vote), losses: 1 },
  {
    what: 'a vote of the old version holds the claim, a leave of the new one comes',
    ...on('joined', vote, send('l', 'leave', { machine: toy('toy@2') })),
    ...{ crashes: 1, losses: 1, jumps: 2 },
  },
  {
    what: 'messages of three versions',
    ...on('joined', vote, send('l', 'leave', { machine: toy('toy@2') }), send('v2', 'vote', { machine: toy('toy@3') })),
    tries: 1,
  },
]

/** Functions that may sleep for ever and then go on: clocks may differ without bound. */
const zombies: readonly Scenario[] = [
  { what: 'vote, vote', ...on('joined', vote, vote2), jumps: 3 },
  { what: 'vote, leave', ...on('joined', vote, leave), crashes: 1, jumps: 3 },
  { what: 'one vote in two attempts', ...on('joined', first, again), crashes: 1, jumps: 3 },
  { what: 'vote, leave, $disconnect', ...on('joined', vote, leave, ends), tries: 1, jumps: 2 },
  { what: 'vote, leave', ...on('joined', vote, leave), losses: 1, jumps: 2 },
  { what: 'auth (fails), join, join', ...on('anon', badAuth, join, send('j2', 'join')), tries: 1, jumps: 2 },
  { what: 'vote, dispatch kick, tick', ...on('joined', vote, kick, look('t')), jumps: 2, losses: 1 },
].map((scenario) => ({ ...scenario, zombies: true }))

export const SCENARIOS: readonly Scenario[] = [...timed, ...zombies]
