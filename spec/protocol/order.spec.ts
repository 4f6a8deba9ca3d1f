import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, route, stay } from 'ws-interlock'
import { createMachine } from 'xstate'
import { message } from '../../lib/protocol/engine.ts'
import { peer } from '../kit/wire.ts'
import { APPLIED, ask, beaten, handled, LOST, machine, policy, recordIn, walk, written } from './hand.ts'
import { codes, world } from './kit.ts'

const test = suite('messages that say what they depend on')

const send = (...more: Parameters<typeof ask>) => message(machine, ask(...more), policy)

test('a message waits for those that it depends on, and then goes its way', () => {
  const { ops, result } = walk(
    send('send', { dep: 2 }),
    { record: recordIn('authenticated', { settled: 1 }) },
    {},
    { record: recordIn('joined', { settled: 2 }) },
    handled(),
  )
  assert.is(ops, 'read wait read run')
  assert.is(result.kind, 'done')
})

test('a message whose patience is spent says how many have been settled', () => {
  const early = { record: recordIn('authenticated', { settled: 1 }) }
  const { ops, result } = walk(send('send', { dep: 2 }), early, {}, early)
  assert.is(ops, 'read wait read')
  assert.equal(result, { kind: 'busy', retryAfterMs: 30, settled: 1 })
})

test('38. a message may depend on 32 more than have been settled, and on none beyond', () => {
  const early = { record: recordIn('joined', { settled: 3 }) }
  assert.is(walk(send('send', { dep: 35 }), early, {}, early).result.kind, 'busy')
  assert.equal(walk(send('send', { dep: 36 }), early).result, { kind: 'ahead', settled: 3, dep: 36 })
})

test('a message that counts is settled by its commit, by its failure and by its refusal', () => {
  const asked = { dep: 3, counts: true }
  const from = { record: recordIn('authenticated', { settled: 3 }) }
  const committed = walk(send('join', asked), from, APPLIED, handled(), APPLIED)
  assert.is(written(committed.effects[3]).settled, 4)
  const failed = walk(send('join', asked), from, APPLIED, { handled: { ok: false, error: 'no' } }, APPLIED)
  assert.is(written(failed.effects[3]).settled, 4)
  const refused = walk(send('auth', asked), from, APPLIED)
  assert.is(refused.ops, 'read replace')
  assert.equal(written(refused.effects[1]), recordIn('authenticated', { version: 8, settled: 4 }))
  assert.is(refused.result.kind, 'rejected')
})

test('a message that counts is settled although it leaves the state as it is', () => {
  const { ops, effects } = walk(
    send('ping', { dep: 0, counts: true }),
    { record: recordIn('authenticated') },
    APPLIED,
    handled(),
    APPLIED,
  )
  assert.is(ops, 'read replace run replace')
  assert.is(written(effects[3]).settled, 1)
})

test('a refusal that was beaten is judged by what beat it', () => {
  const asked = send('join', { dep: 0, counts: true })
  const after = recordIn('authenticated', { version: 9 })
  const { ops, result } = walk(asked, { record: recordIn('anonymous') }, beaten(after), APPLIED, handled(), APPLIED)
  assert.is(ops, 'read replace replace run replace')
  assert.is(result.kind, 'done')
})

test('a refusal whose answer was lost is not counted twice, nor is one that is sent again', () => {
  const asked = send('auth', { dep: 3, counts: true })
  const mine = recordIn('authenticated', { version: 8, settled: 4 })
  const lost = walk(asked, { record: recordIn('authenticated', { settled: 3 }) }, LOST, beaten(mine))
  assert.is(lost.ops, 'read replace replace')
  assert.is(lost.result.kind, 'rejected')
  const again = walk(send('auth', { dep: 3, counts: true }), { record: mine })
  assert.is(again.ops, 'read')
  assert.is(again.result.kind, 'rejected')
})

test('a message that failed, and is sent again, is handled again and not counted again', () => {
  const record = recordIn('authenticated', { version: 8, settled: 4 })
  const { effects } = walk(send('join', { dep: 3, counts: true }), { record }, APPLIED, handled(), APPLIED)
  assert.is(written(effects[3]).settled, 4)
})

test('a refusal that could not be stored is a refusal', () => {
  const asked = send('join', { dep: 0, counts: true })
  assert.is(walk(asked, { record: recordIn('anonymous') }, LOST, LOST, LOST).result.kind, 'rejected')
})

const lobby = () => {
  const { net, kept, start } = world()
  const app = start
    .store(kept)
    .protocol(
      createMachine({
        initial: 'out',
        states: { out: { on: { enter: 'in', look: stay } }, in: { on: { say: stay, vote: stay, look: stay } } },
      }),
    )
    .onConnect(() => accept())
    .on('enter', () => {})
    .on('say', () => {})
    .on('look', () => {})
    .on('vote', route({ exclusive: true }), () => {})
    .build()
  const ann = peer(app, net)
  const settled = async () => (await kept.records.read(ann.connectionId))?.settled
  return { ann, settled }
}

test('38. a dep that is no whole number from 0 up is refused, and so is one far ahead', async () => {
  const { ann } = lobby()
  await ann.connect()
  for (const dep of [-1, 0.5, '1', null, true, {}, 2 ** 53])
    assert.equal(codes((await ann.send({ action: 'enter', dep })).frames), ['INVALID_ARGUMENT'], String(dep))
  const { frames } = await ann.send({ action: 'enter', id: '1', dep: 1e9 })
  assert.equal(frames, [
    {
      action: 'enter',
      id: '1',
      error: {
        code: 'INVALID_ARGUMENT',
        message: '"dep" is 1000000000, and of the messages before it only 0 have come to an end.',
        details: { settled: 0 },
      },
    },
  ])
})

test('what may change the state counts, and so does what is exclusive; what only looks does not', async () => {
  const { ann, settled } = lobby()
  await ann.connect()
  for (const [action, dep, after] of [
    ['look', 0, undefined],
    ['say', 0, undefined],
    ['enter', 0, 1],
    ['say', 1, 1],
    ['enter', 1, 2],
    ['vote', 2, 3],
    ['look', 3, 3],
  ] as const) {
    await ann.send({ action, dep })
    assert.is(await settled(), after, action)
  }
})

test('a message whose forerunner never comes is told to come back, with what has been settled', async () => {
  const { ann } = lobby()
  await ann.connect()
  const [frame] = (await ann.send({ action: 'say', id: '1', dep: 1 })).frames as readonly {
    readonly error?: { readonly code: string; readonly details: unknown; readonly retryAfterMs: number }
  }[]
  assert.is(frame?.error?.code, 'UNAVAILABLE')
  assert.equal(frame?.error?.details, { settled: 0 })
  assert.ok(Number(frame?.error?.retryAfterMs) > 0)
})

test.run()
