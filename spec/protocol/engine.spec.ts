import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { message } from '../../lib/protocol/engine.ts'
import { doneOf } from '../../lib/protocol/record.ts'
import {
  APPLIED,
  applied,
  ask,
  beaten,
  ELSEWHERE,
  handled,
  LOST,
  machine,
  NOW,
  policy,
  recordIn,
  threw,
  walk,
  written,
} from './hand.ts'

const test = suite('protocol engine: one message')

const send = (...more: Parameters<typeof ask>) => message(machine, ask(...more), policy)

test('a message that leaves the state as it is reads once and writes nothing', () => {
  const { result, ops, effects } = walk(send('send'), { record: recordIn('joined') }, handled())
  assert.is(ops, 'read run')
  assert.equal(effects[1], { op: 'run', state: recordIn('joined').state, exclusive: false })
  assert.is(result.kind, 'done')
})

test('a message that the state forbids reads once and writes nothing', () => {
  const { result, ops } = walk(send('join'), { record: recordIn('anonymous') })
  assert.is(ops, 'read')
  assert.equal(result, { kind: 'rejected', state: recordIn('anonymous').state })
})

test('a message that changes the state reads once and writes twice', () => {
  const { result, ops } = walk(send('join'), { record: recordIn('authenticated') }, APPLIED, handled(), APPLIED)
  assert.is(ops, 'read replace run replace')
  assert.equal(result, { kind: 'done', state: { value: 'joined', context: {} }, actions: [], final: false })
})

test('the claim keeps the state, and the handler sees the state before its message', () => {
  const { effects } = walk(send('join'), { record: recordIn('authenticated') }, APPLIED, handled(), APPLIED)
  assert.equal(effects[1], {
    op: 'replace',
    version: 7,
    next: recordIn('authenticated', { version: 8, claim: { token: 't1', deadline: NOW + 30_000, event: 'join' } }),
  })
  assert.equal(effects[2], { op: 'run', state: recordIn('authenticated').state, exclusive: true })
})

test('the commit stores the new state, ends the claim and remembers the message', () => {
  const { effects } = walk(send('join'), { record: recordIn('authenticated') }, APPLIED, handled(), APPLIED)
  assert.equal(effects[3], {
    op: 'replace',
    version: 8,
    next: recordIn('joined', { version: 9, done: [applied('m1', 't1', 'join')], settled: 1 }),
  })
})

test('a record remembers the last sixteen messages', () => {
  const done = Array.from({ length: 16 }, (_, index) => applied(`old${index}`, `t-old${index}`, 'join'))
  const record = recordIn('authenticated', { done })
  const { effects } = walk(send('join'), { record }, APPLIED, handled(), APPLIED)
  assert.equal(written(effects[3]).done, [...done.slice(1), applied('m1', 't1', 'join')])
})

test('a record remembers fewer messages of long ids, and eight at the least', () => {
  const remembers = (length: number) => {
    const done = Array.from({ length: 16 }, (_, index) =>
      applied(String(index).padEnd(length, 'x'), `t${index}`, 'join'),
    )
    const { effects } = walk(send('join'), { record: recordIn('authenticated', { done }) }, APPLIED, handled(), APPLIED)
    const kept = written(effects[3]).done ?? []
    assert.is(kept.at(-1), applied('m1', 't1', 'join'))
    return kept.length
  }
  assert.is(remembers(2), 16)
  assert.is(remembers(36), 12)
  assert.is(remembers(128), 8)
})

test('an id with spaces is not taken for the end of another one', () => {
  const record = recordIn('authenticated', { done: [applied('a m1', 'earlier', 'join')] })
  assert.is(walk(send('join'), { record }, APPLIED, handled(), APPLIED).result.kind, 'done')
})

test('an exclusive message claims although the state stays as it is', () => {
  const asked = send('send', { exclusive: true })
  const { ops, effects } = walk(asked, { record: recordIn('joined') }, APPLIED, handled(), APPLIED)
  assert.is(ops, 'read replace run replace')
  assert.equal(written(effects[3]).state, recordIn('joined').state)
})

test('a handler that fails gives the connection back, in the state that it had', () => {
  const error = new Error('no')
  const { result, effects } = walk(send('join'), { record: recordIn('authenticated') }, APPLIED, threw(error), APPLIED)
  assert.equal(written(effects[3]), recordIn('authenticated', { version: 9, settled: 1 }))
  assert.equal(result, { kind: 'failed', error })
})

test('a failed handler of a message without a change writes nothing', () => {
  const { result, ops } = walk(send('send'), { record: recordIn('joined') }, threw('no'))
  assert.is(ops, 'read run')
  assert.equal(result, { kind: 'failed', error: 'no' })
})

test('a message that was applied before is a duplicate, and nothing runs', () => {
  const record = recordIn('joined', { done: [applied('m1', 'earlier', 'join')] })
  assert.equal(walk(send('join'), { record }).result, { kind: 'duplicate' })
})

test('another message under an id that was applied is refused, and nothing runs', () => {
  const record = recordIn('joined', { done: [applied('m1', 'earlier', 'join')] })
  assert.equal(walk(send('leave'), { record }).result, { kind: 'reused' })
  const asked = { type: 'join', room: 'a' }
  const other = recordIn('joined', { done: [doneOf({ id: 'm1', token: 'earlier', event: asked })] })
  assert.equal(walk(send('join'), { record: other }).result, { kind: 'reused' })
})

test('a message without an id is no duplicate of another one without an id', () => {
  const record = recordIn('joined', { done: [applied('', 'earlier', 'send')] })
  assert.is(walk(send('send', { id: '' }), { record }, handled()).result.kind, 'done')
})

for (const [what, record] of [
  ['there is no record', undefined],
  ['the record is closed', recordIn('joined', { closed: { by: 'gone', token: 'x', at: NOW } })],
] as const)
  test(`where ${what}, the connection is gone`, () => {
    assert.equal(walk(send('send'), { record }).result, { kind: 'gone' })
  })

test('a state of another version of the machine is outdated', () => {
  const record = recordIn('joined', { machine: 'chat@0' })
  assert.equal(walk(send('send'), { record }).result, { kind: 'outdated', stored: 'chat@0' })
})

test('a message waits for another one that holds the connection, and then goes its way', () => {
  const held = { record: recordIn('authenticated', { claim: ELSEWHERE }) }
  const { ops, effects } = walk(
    send('join'),
    held,
    {},
    { record: recordIn('authenticated') },
    APPLIED,
    handled(),
    APPLIED,
  )
  assert.is(ops, 'read wait read replace run replace')
  assert.equal(effects[1], { op: 'wait', ms: 10 })
})

test('a message whose patience is spent is busy for as long as the claim may last', () => {
  const held = { record: recordIn('authenticated', { claim: ELSEWHERE }) }
  const { result, ops } = walk(send('join'), held, {}, held, {}, held)
  assert.is(ops, 'read wait read wait read')
  assert.equal(result, { kind: 'busy', retryAfterMs: 500 })
})

test('a message does not wait beyond the end of a claim', () => {
  const held = { record: recordIn('authenticated', { claim: { ...ELSEWHERE, deadline: NOW + 3 } }) }
  const { effects } = walk(send('join'), held, { now: NOW + 3 }, { ...held, now: NOW + 3 }, APPLIED, handled(), APPLIED)
  assert.equal(effects[1], { op: 'wait', ms: 3 })
})

test('a claim that has expired is taken over', () => {
  const claim = { ...ELSEWHERE, deadline: NOW }
  const { result, effects } = walk(
    send('join'),
    { record: recordIn('authenticated', { claim }) },
    APPLIED,
    handled(),
    APPLIED,
  )
  assert.is(written(effects[1]).claim?.token, 't1')
  assert.is(result.kind, 'done')
})

test('a message that has no time left to run its handler is busy, and claims nothing', () => {
  const { result, ops } = walk(message(machine, ask('join'), { ...policy, canStart: () => false }), {
    record: recordIn('authenticated'),
  })
  assert.is(ops, 'read')
  assert.equal(result, { kind: 'busy', retryAfterMs: 1 })
})

test('a claim that was beaten looks at what beat it, without another read', () => {
  const other = recordIn('joined', { version: 9 })
  const { result, ops } = walk(send('join'), { record: recordIn('authenticated') }, beaten(other))
  assert.is(ops, 'read replace')
  assert.equal(result, { kind: 'rejected', state: other.state })
})

test('a message that loses every race is busy in the end', () => {
  const answers = [{ record: recordIn('authenticated') }, ...Array(32).fill(beaten(recordIn('authenticated')))]
  assert.is(walk(send('join'), ...answers).result.kind, 'busy')
})

test('a claim whose answer was lost is recognised by its token', () => {
  const mine = recordIn('authenticated', { version: 8, claim: { token: 't1', deadline: NOW + 9, event: 'join' } })
  const { result, ops } = walk(
    send('join'),
    { record: recordIn('authenticated') },
    LOST,
    beaten(mine),
    handled(),
    APPLIED,
  )
  assert.is(ops, 'read replace replace run replace')
  assert.is(result.kind, 'done')
})

test('a commit whose answer was lost is recognised by its token', () => {
  const mine = recordIn('joined', { version: 9, done: [applied('m1', 't1', 'join')] })
  const { result } = walk(send('join'), { record: recordIn('authenticated') }, APPLIED, handled(), LOST, beaten(mine))
  assert.is(result.kind, 'done')
})

test('a zombie whose claim was taken over is fenced', () => {
  const other = recordIn('joined', { version: 10, done: [applied('m2', 't2', 'join')] })
  const { result } = walk(send('join'), { record: recordIn('authenticated') }, APPLIED, handled(), beaten(other))
  assert.equal(result, { kind: 'fenced' })
})

test('a zombie whose own message was applied by another attempt is a duplicate', () => {
  const twin = recordIn('joined', { version: 10, done: [applied('m1', 't2', 'join')] })
  const { result } = walk(send('join'), { record: recordIn('authenticated') }, APPLIED, handled(), beaten(twin))
  assert.equal(result, { kind: 'duplicate' })
})

test('a message whose connection was closed under its handler is fenced', () => {
  const closed = recordIn('authenticated', { version: 9, closed: { by: 'disconnect', token: 'x', at: NOW } })
  const { result } = walk(send('join'), { record: recordIn('authenticated') }, APPLIED, handled(), beaten(closed))
  assert.equal(result, { kind: 'fenced' })
})

const failures = [
  ['the read fails', 'unavailable', [LOST]],
  ['the claim stays unanswered', 'unavailable', [{ record: recordIn('authenticated') }, LOST, LOST, LOST]],
  [
    'the commit stays unanswered',
    'unknown',
    [{ record: recordIn('authenticated') }, APPLIED, handled(), LOST, LOST, LOST],
  ],
  [
    'the rollback stays unanswered',
    'failed',
    [{ record: recordIn('authenticated') }, APPLIED, threw('no'), LOST, LOST, LOST],
  ],
  [
    'the rollback is beaten',
    'failed',
    [{ record: recordIn('authenticated') }, APPLIED, threw('no'), beaten(undefined)],
  ],
  [
    'a read while waiting fails',
    'unavailable',
    [{ record: recordIn('authenticated', { claim: ELSEWHERE }) }, {}, LOST],
  ],
] as const
for (const [what, kind, answers] of failures)
  test(`where ${what}, the outcome is '${kind}'`, () => {
    assert.is(walk(send('join'), ...answers).result.kind, kind)
  })

test.run()
