import {
  blind,
  claimOrNothing,
  commitAfter,
  commitBefore,
  deniesLate,
  forgetful,
  grantsEarly,
  knowsNoId,
  knowsNoToken,
  leavesOpen,
  neverExpires,
  takesStale,
  trusts,
  unfenced,
} from './naive.ts'
import { LOBBY, type Scenario } from './scenario.ts'
import { dispatch, part, send, takeOver } from './task.ts'
import { recordIn, stateOf } from './toy.ts'

/** An engine or a store that lacks something, and what comes of it. */
export interface Weakened {
  readonly id: string
  readonly lacks: string
  readonly scenario: Scenario
  /** The invariant that breaks, how, and after how many steps at the earliest. */
  readonly breaks: string
  readonly how: RegExp
  readonly steps: number
}

const from = (state: string) => ({ c: recordIn(state) })
const join = send('j', 'join')
const vote = send('v1', 'vote')
const vote2 = send('v2', 'vote')
const leave = send('l', 'leave')
const ends = part('d', 'disconnect')

export const WEAKENED: readonly Weakened[] = [
  {
    ...{ id: 'N1', lacks: 'the commit comes before the handler', breaks: 'I2', how: /nobody had earned/, steps: 5 },
    scenario: {
      what: 'auth (fails), join',
      ...{ from: from('anon'), tasks: [send('a', 'auth', { fails: true }), join], engine: commitBefore },
      // Its undoing is no path either, and no news.
      only: ['I2'],
    },
  },
  {
    ...{ id: 'N2', lacks: 'the handler runs without a claim', breaks: 'I3', how: /overlap/, steps: 4 },
    scenario: { what: 'vote, vote', from: from('joined'), tasks: [vote, vote2], engine: commitAfter },
  },
  {
    ...{ id: 'N3', lacks: 'get and put, and nothing compares', breaks: 'I1', how: /not a path/, steps: 8 },
    scenario: {
      what: 'leave, vote',
      ...{ from: from('joined'), tasks: [leave, vote], engine: commitAfter, rule: blind, zombies: true },
    },
  },
  {
    ...{ id: 'N4', lacks: 'a commit is not fenced', breaks: 'I1', how: /not a path/, steps: 11 },
    scenario: {
      what: 'vote, leave',
      ...{ from: from('joined'), tasks: [vote, leave], rule: unfenced, zombies: true, jumps: 3 },
    },
  },
  {
    ...{ id: 'N4b', lacks: 'a commit is not fenced', breaks: 'I5', how: /opened again/, steps: 7 },
    scenario: { what: 'join, $disconnect', from: from('authed'), tasks: [join, ends], rule: unfenced },
  },
  {
    ...{ id: 'N5', lacks: 'a claim never expires', breaks: 'I4', how: /told 'busy'/, steps: 3 },
    scenario: { what: 'join', from: from('authed'), tasks: [join], engine: neverExpires, crashes: 1 },
  },
  {
    ...{ id: 'N6', lacks: '"nobody\'s claim or mine", and deletes', breaks: 'I5', how: /came back/, steps: 7 },
    scenario: { what: 'join, $disconnect', from: from('authed'), tasks: [join, ends], rule: claimOrNothing },
  },
  {
    ...{ id: 'N7', lacks: "no token tells one's own write", breaks: 'I7', how: /told 'fenced'/, steps: 6 },
    scenario: {
      what: 'join',
      ...{ from: from('authed'), tasks: [send('j', 'join', { id: '' })], engine: knowsNoToken, losses: 1 },
    },
  },
  {
    ...{ id: 'N8', lacks: 'a read may be late', breaks: 'I2', how: /stale/, steps: 4 },
    scenario: {
      what: 'dispatch kick, send',
      ...{ from: from('joined'), tasks: [dispatch('k', 'kick'), send('s', 'send')], readsLate: true },
    },
  },
  {
    ...{ id: 'N9', lacks: 'nothing remembers ids', breaks: 'I7', how: /same message is committed/, steps: 6 },
    scenario: {
      what: 'one leave in two attempts',
      ...{ from: from('joined'), tasks: [send('t1', 'leave', { id: 'l' }), send('t2', 'leave', { id: 'l' })] },
      engine: knowsNoId,
    },
  },
  {
    ...{ id: 'A1', lacks: 'a claim shorter than the life of a function', breaks: 'I3', how: /overlap/, steps: 7 },
    scenario: { what: 'vote, vote', from: from('joined'), tasks: [vote, vote2], leaseMs: -7, jumps: 2 },
  },
  {
    ...{ id: 'A3', lacks: 'a deadline that is no number', breaks: 'I3', how: /overlap/, steps: 6 },
    scenario: { what: 'vote, vote', from: from('joined'), tasks: [vote, vote2], leaseMs: Number.NaN },
  },
  {
    ...{
      id: 'A4',
      lacks: 'a deadline that is never, and a killed function',
      breaks: 'I4',
      how: /told 'busy'/,
      steps: 3,
    },
    scenario: { what: 'vote', from: from('joined'), tasks: [vote], engine: neverExpires, jumps: 1 },
  },
  {
    ...{ id: 'W1', lacks: 'every commit counts as stored', breaks: 'I6', how: /left without a commit/, steps: 8 },
    scenario: { what: 'join, $disconnect', from: from('authed'), tasks: [join, ends], engine: trusts },
  },
  {
    ...{ id: 'W2', lacks: 'memberships are granted before the commit', breaks: 'R4', how: /permits none/, steps: 5 },
    scenario: {
      what: 'join',
      ...{ from: from('authed'), tasks: [send('j', 'join', { joins: [LOBBY] })], engine: grantsEarly },
    },
  },
  {
    ...{ id: 'W3', lacks: 'the old connection stays open', breaks: 'R1', how: /one session/, steps: 7 },
    scenario: {
      what: 'resume',
      ...{ from: { old: recordIn('joined'), new: recordIn('anon') }, tasks: [takeOver('r', 'old', 'new')] },
      rule: leavesOpen,
    },
  },
  {
    ...{ id: 'W4', lacks: 'a farewell forgets memberships', breaks: 'R3', how: /still in a channel/, steps: 3 },
    scenario: { what: '$disconnect', from: from('joined'), tasks: [forgetful(ends)], members: ['c'] },
  },
  {
    ...{ id: 'W5', lacks: 'a token carries the state', breaks: 'R2', how: /transition was lost/, steps: 7 },
    scenario: {
      what: 'resume',
      from: { old: recordIn('voted', { state: stateOf('voted', ['v:vote']) }), new: recordIn('anon') },
      tasks: [takesStale(takeOver('r', 'old', 'new'))],
    },
  },
  {
    ...{
      id: 'W6',
      lacks: 'a farewell notes no channels for the heir',
      breaks: 'R5',
      how: /lost the channel/,
      steps: 11,
    },
    scenario: {
      what: 'resume, $disconnect',
      ...{ from: { old: recordIn('joined'), new: recordIn('anon') }, members: ['old'] },
      tasks: [takeOver('r', 'old', 'new'), part('d', 'disconnect', 'old', false)],
    },
  },
  {
    ...{ id: 'W7', lacks: 'a denial comes when the old one is closed', breaks: 'R6', how: /in its name/, steps: 4 },
    scenario: {
      what: 'resume',
      from: { old: recordIn('joined'), new: recordIn('anon') },
      tasks: [deniesLate(takeOver('r', 'old', 'new'))],
    },
  },
]
