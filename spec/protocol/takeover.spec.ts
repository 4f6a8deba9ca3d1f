import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answer } from '../../lib/protocol/effect.ts'
import { end } from '../../lib/protocol/end.ts'
import { message } from '../../lib/protocol/engine.ts'
import { resume } from '../../lib/protocol/resume.ts'
import { APPLIED, applied, ask, beaten, LOST, machine, NOW, policy, recordIn, walk, written } from './hand.ts'

const test = suite('protocol engine: memberships that follow a commit, or move')

const taking = () => resume(machine, { from: 'old', self: 'new', token: 't1', windowMs: 60_000 }, policy)
const claim = { token: 't1', deadline: NOW + 30_000, event: '$resume' }
const resumed = { from: 'old', session: 'old' }
const closed = { by: 'gone', token: 't1', at: NOW, to: 'new' } as const
const old = { record: recordIn('joined') }
const gone = { record: recordIn('joined', { closed }) }
const NONE = {}

test('a connection that takes over is claimed until the memberships have moved, so that no message leaves before', () => {
  const { result, effects, ops } = walk(
    taking(),
    { record: recordIn('anonymous') },
    ...[APPLIED, old, APPLIED, { channels: ['lobby'] }, gone, APPLIED, NONE, NONE, APPLIED],
  )
  assert.is(ops, 'read replace read replace channels read replace join leave replace')
  assert.equal(written(effects[1]), recordIn('anonymous', { version: 8, claim }))
  assert.equal(written(effects[6]), recordIn('joined', { version: 9, claim, resumed }))
  assert.equal(written(effects[9]), recordIn('joined', { version: 10, resumed }))
  assert.is(result.kind, 'resumed')
})

test('a connection that takes over nothing but a state is claimed until it has that', () => {
  const { effects, ops } = walk(
    taking(),
    { record: recordIn('anonymous') },
    ...[APPLIED, old, APPLIED, { channels: [] }, gone, APPLIED],
  )
  assert.is(ops, 'read replace read replace channels read replace')
  assert.equal(written(effects[6]), recordIn('joined', { version: 9, resumed }))
})

test('memberships that have moved are not moved again, whatever the tombstone notes: one may have been left since', () => {
  const noted = { record: recordIn('joined', { closed: { ...closed, channels: ['lobby'] } }) }
  const { result, ops } = walk(taking(), { record: recordIn('authenticated', { resumed }) }, { channels: [] }, noted)
  assert.is(ops, 'read channels read')
  assert.is(result.kind, 'resumed')
})

test('a move that broke off is gone on with, under a claim of its own', () => {
  const broken = recordIn('joined', { resumed, claim: { ...claim, token: 'dead', deadline: NOW } })
  const { effects, ops } = walk(
    taking(),
    { record: broken },
    ...[APPLIED, gone, { channels: ['lobby'] }, gone, APPLIED, NONE, NONE, APPLIED],
  )
  assert.is(ops, 'read replace read channels read replace join leave replace')
  assert.is(written(effects[5]).claim?.token, 't1')
})

test('a takeover that is denied lets go of the new connection, and has taken nothing', () => {
  const { result, effects, ops } = walk(
    taking(),
    { record: recordIn('anonymous') },
    ...[APPLIED, { record: recordIn('joined', { closed: { ...closed, to: 'other' } }) }, APPLIED],
  )
  assert.is(ops, 'read replace read replace')
  assert.equal(written(effects[3]), recordIn('anonymous', { version: 9 }))
  assert.equal(result, { kind: 'denied', reason: 'used' })
})

test('whoever takes over goes on counting where the other one was', () => {
  const { effects } = walk(
    taking(),
    { record: recordIn('anonymous') },
    ...[APPLIED, { record: recordIn('joined', { settled: 5 }) }, APPLIED, { channels: [] }, gone, APPLIED],
  )
  assert.is(written(effects[6]).settled, 5)
})

test('a farewell that comes while the state is written is not taken for the own write', () => {
  const left = recordIn('anonymous', { version: 9, closed: { by: 'disconnect', token: 'd', at: NOW } })
  const { result } = walk(
    taking(),
    { record: recordIn('anonymous') },
    ...[APPLIED, old, APPLIED, { channels: ['lobby'] }, gone, beaten(left)],
  )
  assert.equal(result, { kind: 'gone' })
})

test('where others have gone on from there meanwhile, what was joined is taken back', () => {
  const later = beaten(recordIn('authenticated', { version: 11, resumed }))
  const { result, ops } = walk(
    taking(),
    { record: recordIn('anonymous') },
    ...[APPLIED, old, APPLIED, { channels: ['lobby'] }, gone, APPLIED, NONE, NONE, later, NONE],
  )
  assert.is(ops, 'read replace read replace channels read replace join leave replace leave')
  assert.is(result.kind, 'resumed')
})

const granting = (...answers: readonly Partial<Answer>[]) =>
  walk(
    message(machine, ask('join'), policy),
    { record: recordIn('authenticated') },
    APPLIED,
    { handled: { ok: true, raised: [], joins: ['lobby'] } },
    APPLIED,
    ...answers,
  )

test('a join of a function that slept beyond its claim is taken back, if another message has gone on', () => {
  const { ops, result } = granting(NONE, beaten(recordIn('authenticated', { version: 12 })), NONE)
  assert.is(ops, 'read replace run replace join replace leave')
  assert.equal(result.kind === 'done' && result.withdrawn, ['lobby'])
})

test('a claim that is still its own is let go of under whatever version it has', () => {
  const claim = { token: 't1', deadline: NOW + 9, event: 'join' }
  const { effects, ops } = granting(NONE, beaten(recordIn('joined', { version: 20, claim })), APPLIED)
  assert.is(ops, 'read replace run replace join replace replace')
  assert.equal(written(effects[6]), recordIn('joined', { version: 21 }))
})

test('a join stays where the end of its claim was stored and the answer lost', () => {
  const stored = recordIn('joined', { version: 10, settled: 1, done: [applied('m1', 't1', 'join')] })
  assert.is(granting(NONE, LOST, beaten(stored)).ops, 'read replace run replace join replace replace')
})

test('where a join stays unanswered the claim stays too, since the join may still be on its way', () => {
  const { result, ops } = walk(
    taking(),
    { record: recordIn('anonymous') },
    ...[APPLIED, old, APPLIED, { channels: ['lobby'] }, gone, APPLIED, LOST],
  )
  assert.is(ops, 'read replace read replace channels read replace join')
  assert.is(result.kind, 'unknown')
})

test('where the new connection ends meanwhile, what has not moved is left where it is', () => {
  const { result, ops } = walk(
    taking(),
    { record: recordIn('anonymous') },
    ...[APPLIED, old, APPLIED, { channels: ['lobby'] }, gone, APPLIED, { applied: false }],
  )
  assert.is(ops, 'read replace read replace channels read replace join')
  assert.is(result.kind, 'gone')
})

for (const [what, unread] of [
  ['channels', [LOST, gone]],
  ['tombstone', [{ channels: [] }, LOST]],
] as const)
  test(`where the ${what} of the old connection cannot be read, nothing is taken yet`, () => {
    const { result } = walk(taking(), { record: recordIn('anonymous') }, APPLIED, old, APPLIED, ...unread)
    assert.is(result.kind, 'unknown')
  })

test('the end of a connection that was taken over notes its channels for the heir, and leaves them', () => {
  const { effects, ops } = walk(
    end({ by: 'disconnect', token: 'c1', at: NOW }, true),
    ...[gone, APPLIED, { channels: ['lobby'] }, gone, APPLIED, NONE],
  )
  assert.is(ops, 'read replace channels read replace leave')
  assert.equal(written(effects[4]).closed, { ...closed, channels: ['lobby'] })
})

const joining = { handled: { ok: true, raised: [], joins: ['lobby'] } } as const

test('a join that comes after the commit comes under the claim, which then ends', () => {
  const { effects, ops } = walk(
    message(machine, ask('join'), policy),
    ...[{ record: recordIn('authenticated') }, APPLIED, joining, APPLIED, NONE, APPLIED],
  )
  assert.is(ops, 'read replace run replace join replace')
  assert.is(written(effects[3]).state?.value, 'joined')
  assert.is(written(effects[3]).claim?.token, 't1')
  assert.is(written(effects[5]).claim, undefined)
  assert.is(written(effects[5]).version, 10)
})

test('where that join stays unanswered the claim stays, and the message is done', () => {
  const { result, ops } = walk(
    message(machine, ask('join'), policy),
    ...[{ record: recordIn('authenticated') }, APPLIED, joining, APPLIED, LOST],
  )
  assert.is(ops, 'read replace run replace join')
  assert.is(result.kind, 'done')
})

test.run()
