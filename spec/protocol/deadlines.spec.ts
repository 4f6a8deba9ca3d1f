import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createMachine } from 'xstate'
import { message } from '../../lib/protocol/engine.ts'
import { wrap } from '../../lib/protocol/machine.ts'
import { APPLIED, ask, beaten, handled, LOST, machine, NOW, policy, recordIn, walk, written } from './hand.ts'

const test = suite('protocol engine: deadlines')

const acted: string[] = []
test.before.each(() => {
  acted.length = 0
})

const relay = wrap(
  createMachine({
    id: 'relay',
    initial: 'a',
    states: {
      a: { after: { 100: { target: 'b', actions: () => acted.push('a to b') } } },
      b: { after: { 100: { target: 'c', actions: () => acted.push('b to c') }, 500: 'never' } },
      c: { after: { 1000: 'd' }, on: { go: 'd' } },
      d: { on: { go: 'a' } },
      never: {},
    },
  }),
)
const inRelay = (value: string, at: number, id = 'xstate.after.100.relay.a') =>
  recordIn(value, { machine: relay.version, due: [{ event: id, at }] })

test('deadlines that have passed are applied each at its own time, chained ones too, in one write', () => {
  const { effects, ops } = walk(
    message(relay, ask('go'), policy),
    { record: inRelay('a', NOW - 250) },
    APPLIED,
    {},
    APPLIED,
    handled(),
    APPLIED,
  )
  assert.is(ops, 'read replace act replace run replace')
  // Began at NOW - 350: in b at NOW - 250, in c at NOW - 150, out of it a second later.
  assert.equal(written(effects[1]).state, { value: 'c', context: {} })
  assert.equal(written(effects[1]).due, [{ event: 'xstate.after.1000.relay.c', at: NOW - 150 + 1_000 }])
})

test('what the machine does at a deadline is done after its write, in order', () => {
  const { effects } = walk(message(relay, ask('unknown'), policy), { record: inRelay('a', NOW - 250) }, APPLIED, {})
  const [, , act] = effects
  if (act?.op !== 'act') throw new Error('nothing is done')
  assert.equal(acted, [])
  for (const action of act.actions) action()
  assert.equal(acted, ['a to b', 'b to c'])
})

test('a deadline in the future changes nothing', () => {
  const { result, ops } = walk(message(relay, ask('go'), policy), { record: inRelay('a', NOW + 1) })
  assert.is(ops, 'read')
  assert.is(result.kind, 'rejected')
})

test('a deadline that is reached to the millisecond has passed', () => {
  const { ops } = walk(message(relay, ask('go'), policy), { record: inRelay('a', NOW) }, APPLIED, {})
  assert.is(ops, 'read replace act')
})

test('a deadline applied by somebody else meanwhile is not applied again', () => {
  const { ops, result } = walk(
    message(relay, ask('go'), policy),
    { record: inRelay('a', NOW) },
    beaten(
      recordIn('b', { machine: relay.version, version: 8, due: [{ event: 'xstate.after.100.relay.b', at: NOW + 9 }] }),
    ),
  )
  assert.is(ops, 'read replace')
  assert.is(result.kind, 'rejected')
})

test('a deadline that cannot be stored leaves the message undone', () => {
  const { result } = walk(message(relay, ask('go'), policy), { record: inRelay('a', NOW) }, LOST, LOST, LOST)
  assert.equal(result, { kind: 'unavailable' })
})

const overdue = recordIn('anonymous', { due: [{ event: 'xstate.after.5000.chat.anonymous', at: NOW - 1 }] })

test('a final state that a deadline leads to ends the protocol, and its message does not run', () => {
  const { result, effects } = walk(message(machine, ask('auth'), policy), { record: overdue }, APPLIED)
  assert.equal(written(effects[1]).state, { value: 'expired', context: {}, done: true })
  assert.equal(result, { kind: 'ended', state: { value: 'expired', context: {}, done: true }, now: true })
})

test('a message after the end is told so without a write', () => {
  const record = recordIn('expired', { state: { value: 'expired', context: {}, done: true } })
  const { result, ops } = walk(message(machine, ask('auth'), policy), { record })
  assert.is(ops, 'read')
  assert.equal(result, { kind: 'ended', state: { value: 'expired', context: {}, done: true }, now: false })
})

test('a deadline waits for the message that holds the connection', () => {
  const claim = { token: 'other', deadline: NOW + 5, event: 'auth' }
  const { effects } = walk(
    message(machine, ask('auth'), policy),
    { record: { ...overdue, claim } },
    { now: NOW + 5 },
    { record: recordIn('authenticated', { version: 9 }), now: NOW + 5 },
  )
  assert.equal(
    effects.map(({ op }) => op),
    ['read', 'wait', 'read'],
  )
})

test('a commit drops the deadlines of the state that it leaves', () => {
  const record = recordIn('anonymous', { due: [{ event: 'xstate.after.5000.chat.anonymous', at: NOW + 1 }] })
  const { effects } = walk(message(machine, ask('auth'), policy), { record }, APPLIED, handled(), APPLIED)
  assert.equal(written(effects[1]).due, record.due)
  assert.not('due' in written(effects[3]))
})

test('a delay runs from the time at which the message was read', () => {
  const record = recordIn('d', { machine: relay.version })
  const later = { now: NOW + 777 }
  const asked = message(relay, ask('go'), policy)
  const { effects } = walk(asked, { record }, { ...APPLIED, ...later }, { ...handled(), ...later }, APPLIED)
  assert.equal(written(effects[3]).due, [{ event: 'xstate.after.100.relay.a', at: NOW + 100 }])
})

test.run()
