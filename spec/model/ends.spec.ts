import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { explore } from './explore.ts'
import type { Scenario } from './scenario.ts'
import { type Make, part, send } from './task.ts'
import { recordIn } from './toy.ts'

const test = suite('protocol engine: how things end')

const auth = send('a', 'auth')
const join = send('j', 'join')
const ends = part('d', 'disconnect')
const on = (state: string, ...tasks: Make[]) => ({ from: { c: recordIn(state) }, tasks })

const scenarios: readonly (Scenario & { readonly ends: readonly string[] })[] = [
  {
    what: 'two messages that change the same state',
    ...on('anon', auth, send('b', 'auth')),
    ends: ['a busy, b done', 'a done, b busy', 'a done, b rejected', 'a rejected, b done'],
  },
  {
    what: 'two attempts of one message',
    ...on('anon', send('t1', 'auth', { id: 'a' }), send('t2', 'auth', { id: 'a' })),
    ends: ['t1 busy, t2 done', 't1 done, t2 busy', 't1 done, t2 duplicate', 't1 duplicate, t2 done'],
  },
  {
    what: 'two messages under one id',
    ...on('joined', send('v', 'vote', { id: 'x' }), send('l', 'leave', { id: 'x' })),
    ends: ['v busy, l done', 'v done, l busy', 'v done, l reused', 'v reused, l done'],
  },
  {
    what: 'a message and the one that it earns',
    ...on('anon', auth, join),
    ends: ['a done, j busy', 'a done, j done', 'a done, j rejected'],
  },
  {
    what: 'a message that fails and the one that it would have earned',
    ...on('anon', send('a', 'auth', { fails: true }), join),
    ends: ['a failed, j busy', 'a failed, j rejected'],
  },
  {
    what: 'a message and $disconnect',
    ...on('anon', auth, ends),
    ends: ['a done, d closed', 'a fenced, d closed', 'a gone, d closed'],
  },
  {
    what: 'a 410 and $disconnect',
    ...on('joined', part('g', 'gone'), ends),
    ends: ['g closed before, d closed', 'g closed, d closed'],
  },
  {
    what: 'a message whose store stops answering',
    ...{ ...on('anon', auth), losses: 3 },
    ends: ['a done', 'a unavailable', 'a unknown'],
  },
]

for (const { ends, ...scenario } of scenarios)
  test(`${scenario.what}: in every interleaving one of ${ends.length} ends, and each of them in some`, () => {
    const { outcomes, violation } = explore(scenario)
    assert.is(violation, undefined)
    assert.equal([...outcomes.keys()].sort(), [...ends].sort())
  })

test.run()
