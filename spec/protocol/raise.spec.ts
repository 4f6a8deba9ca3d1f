import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { assign, createMachine, setup } from 'xstate'
import { end } from '../../lib/protocol/end.ts'
import { apply, message } from '../../lib/protocol/engine.ts'
import { wrap } from '../../lib/protocol/machine.ts'
import { stay } from '../../lib/protocol/stay.ts'
import {
  APPLIED,
  applied,
  ask,
  beaten,
  ELSEWHERE,
  handled,
  LOST,
  NOW,
  policy,
  recordIn,
  walk,
  written,
} from './hand.ts'

const test = suite('protocol engine: events from inside, and the end')

const machine = wrap(
  setup({
    types: {
      context: {} as { user?: string; log?: string; size?: number },
      events: {} as { type: string; of?: number },
    },
    actions: {
      name: assign({ user: 'ann' }),
      // Half as many characters as bytes.
      grow: assign({ log: 'é'.repeat(40_000), user: 'small' }),
      throw: assign(() => {
        throw new RangeError('a broken assign')
      }),
    },
  }).createMachine({
    id: 'inside',
    context: {},
    initial: 'a',
    states: {
      a: {
        on: { go: 'b', talk: stay, known: { actions: 'name' }, grow: { actions: 'grow' }, break: { actions: 'throw' } },
      },
      b: { on: { known: { actions: 'name' }, tick: 'b', end: 'z' } },
      z: { type: 'final' },
    },
  }),
)
const at = (value: string, more = {}) => recordIn(value, { machine: machine.version, ...more })
const send = (...more: Parameters<typeof ask>) => message(machine, ask(...more), policy)

test("a raised event is applied with the message's own transition, in one commit", () => {
  const { effects, ops } = walk(send('go'), { record: at('a') }, APPLIED, handled('known'), APPLIED)
  assert.is(ops, 'read replace run replace')
  assert.equal(written(effects[3]).state, { value: 'b', context: { user: 'ann' } })
})

test('an event raised where the state stays is applied in one write after the handler, without a claim', () => {
  const { effects, ops, result } = walk(
    send('talk'),
    { record: at('a') },
    handled('known'),
    { record: at('a') },
    APPLIED,
  )
  assert.is(ops, 'read run read replace')
  assert.equal(written(effects[3]).state, { value: 'a', context: { user: 'ann' } })
  assert.not('claim' in written(effects[3]))
  assert.is(result.kind, 'done')
})

for (const [what, kind, answers] of [
  [
    'the connection stays held',
    'fenced',
    [
      { record: at('a', { claim: { ...ELSEWHERE, deadline: NOW + 5_000 } }) },
      {},
      { record: at('a', { claim: ELSEWHERE }) },
      {},
      { record: at('a', { claim: ELSEWHERE }) },
    ],
  ],
  ['the store stops answering', 'unknown', [LOST]],
  ['the write stays unanswered', 'unknown', [{ record: at('a') }, LOST, LOST, LOST]],
  ['the connection is closed', 'gone', [{ record: at('a', { closed: { by: 'gone', token: 'x' } }) }]],
] as const)
  test(`where ${what} once the handler has run, nothing says that nothing ran: '${kind}'`, () => {
    assert.is(walk(send('talk'), { record: at('a') }, handled('known'), ...answers).result.kind, kind)
  })

test('an event that may not be raised fails the message and rolls back', () => {
  const { effects, result } = walk(send('go'), { record: at('a') }, APPLIED, handled('talk'), APPLIED)
  assert.equal(written(effects[3]).state, at('a').state)
  assert.is(result.kind, 'failed')
  assert.match(
    String(result.kind === 'failed' && result.error),
    "'talk' was raised where the protocol does not allow it",
  )
})

test('sixteen events may be raised, and seventeen are a loop', () => {
  const ticks = (times: number) => handled(...Array<string>(times).fill('tick'))
  assert.is(walk(send('go'), { record: at('a') }, APPLIED, ticks(16), APPLIED).result.kind, 'done')
  const { result } = walk(send('go'), { record: at('a') }, APPLIED, ticks(17), APPLIED)
  assert.match(String(result.kind === 'failed' && result.error), 'raised 17 events; 16 are allowed')
})

test('a context above 64 KB fails the message and names the key that takes the most', () => {
  const { effects, result } = walk(send('grow'), { record: at('a') }, APPLIED, handled(), APPLIED)
  assert.equal(written(effects[3]).state, at('a').state)
  assert.match(String(result.kind === 'failed' && result.error), /65536 are allowed\. .*largest part.*'log'/)
})

test('an assign that throws fails the message before anything ran', () => {
  const { ops, result } = walk(send('break'), { record: at('a') })
  assert.is(ops, 'read')
  assert.match(String(result.kind === 'failed' && result.error), 'a broken assign')
})

test('a message that reaches the final state says so', () => {
  const { result } = walk(send('end'), { record: at('b') }, APPLIED, handled(), APPLIED)
  assert.ok(result.kind === 'done' && result.final)
})

test('nothing can be raised beyond a final state', () => {
  const { result } = walk(send('end'), { record: at('b') }, APPLIED, handled('known'), APPLIED)
  assert.is(result.kind, 'failed')
})

const inside = () => apply(machine, [{ type: 'go' }], ask('go', { id: '' }), policy)

test('an event of the server takes a read and one write, and no handler', () => {
  const { ops, effects, result } = walk(inside(), { record: at('a') }, APPLIED)
  assert.is(ops, 'read replace')
  assert.equal(
    written(effects[1]),
    at('b', { version: 8, state: { value: 'b', context: {} }, done: [applied('', 't1', 'go')] }),
  )
  assert.is(result.kind, 'done')
})

test('an event of the server that was beaten is tried on what beat it', () => {
  assert.is(walk(inside(), { record: at('a') }, beaten(at('a', { version: 9 })), APPLIED).result.kind, 'done')
  assert.is(walk(inside(), { record: at('a') }, beaten(at('b', { version: 9 }))).result.kind, 'failed')
})

test('an event of the server whose answer was lost is recognised by its token', () => {
  const mine = at('b', { version: 8, done: [applied('', 't1', 'go')] })
  assert.is(walk(inside(), { record: at('a') }, LOST, beaten(mine)).result.kind, 'done')
})

const closing = (by: 'gone' | 'disconnect' = 'disconnect') => end({ by, token: 'c1', at: NOW }, false)

test('the tombstone fences whoever holds the connection, and waits for nobody', () => {
  const record = at('a', { claim: ELSEWHERE })
  const { effects, result } = walk(closing(), { record }, APPLIED, {})
  assert.equal(written(effects[1]), at('a', { version: 8, closed: { by: 'disconnect', token: 'c1', at: NOW } }))
  assert.equal(result, { first: true, record, channels: [] })
})

test("the tombstone of a 410 is written over by $disconnect's, which counts as the first", () => {
  const record = at('a', { closed: { by: 'gone', token: 'g', at: NOW - 9 } })
  const { effects, result } = walk(closing(), { record }, APPLIED, {})
  assert.equal(written(effects[1]).closed, { by: 'disconnect', token: 'c1', at: NOW - 9 })
  assert.ok(result.first)
})

test('a second $disconnect is not the first, and writes nothing', () => {
  const record = at('a', { closed: { by: 'disconnect', token: 'earlier', at: NOW } })
  const { ops, result } = walk(closing(), { record }, {})
  assert.is(ops, 'read channels')
  assert.not(result.first)
})

test('a 410 after $disconnect or after another 410 writes nothing', () => {
  for (const by of ['gone', 'disconnect'] as const) {
    const { ops, result } = walk(
      closing('gone'),
      { record: at('a', { closed: { by, token: 'earlier', at: NOW } }) },
      {},
    )
    assert.is(ops, 'read channels')
    assert.not(result.first)
  }
})

test('a connection without a record is closed enough', () => {
  assert.equal(walk(closing(), { record: undefined }, {}).result, { first: true, record: undefined, channels: [] })
})

test('a tombstone that was beaten is written over what beat it', () => {
  const { effects } = walk(closing(), { record: at('a') }, beaten(at('b', { version: 12 })), APPLIED, {})
  assert.is(written(effects[2]).version, 13)
  assert.equal(written(effects[2]).state, at('b').state)
})

test('a tombstone whose answers were all lost is recognised when it is read', () => {
  const mine = at('a', { version: 8, closed: { by: 'disconnect', token: 'c1', at: NOW } })
  assert.ok(walk(closing(), { record: at('a') }, LOST, LOST, LOST, { record: mine }, {}).result.first)
  assert.ok(walk(closing(), { record: at('a') }, LOST, beaten(mine), {}).result.first)
})

test('a store that reads and does not write ends the farewell with an error', () => {
  const lost = [LOST, LOST, LOST, { record: at('a') }]
  assert.throws(() => walk(closing(), { record: at('a') }, ...lost, ...lost, ...lost), /not marked as closed/)
  assert.throws(() => walk(closing(), LOST), /not marked as closed/)
})

test('a machine without context takes no bytes', () => {
  const bare = wrap(createMachine({ id: 'bare', initial: 'a', states: { a: { on: { go: 'b' } }, b: {} } }))
  const record = recordIn('a', { machine: bare.version, state: { value: 'a', context: undefined } })
  assert.is(walk(message(bare, ask('go'), policy), { record }, APPLIED, handled(), APPLIED).result.kind, 'done')
})

test.run()
