import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { assign, raise, setup } from 'xstate'
import { codesOf, inTurns, lambdaWith, peer, stoppedClock, wire } from '../kit/wire.ts'

const test = suite('faults: the protocol')

const machine = setup({
  types: {
    context: {} as { notes: string; count: number },
    events: {} as
      | { type: 'auth' }
      | { type: 'join' }
      | { type: 'note'; text: string }
      | { type: 'guarded' }
      | { type: 'assigned' }
      | { type: 'loop' }
      | { type: 'tick' }
      | { type: 'sealed' },
  },
  guards: {
    broken: () => {
      throw new Error('the guard broke')
    },
  },
}).createMachine({
  id: 'desk',
  context: { notes: '', count: 0 },
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: 'known' } },
    known: {
      on: {
        join: 'joined',
        note: { actions: assign({ notes: ({ event }) => event.text }) },
        guarded: { guard: 'broken', target: 'joined' },
        assigned: {
          target: 'joined',
          actions: assign(() => {
            throw new Error('the assign broke')
          }),
        },
        loop: { actions: raise({ type: 'loop' }) },
        tick: { actions: assign({ count: ({ context }) => context.count + 1 }) },
      },
    },
    joined: { on: { sealed: 'joined' } },
  },
})

/** A peer of an application that keeps to the machine, in the state 'known' or before it. */
const desk = async ({ known = true } = {}) => {
  const net = wire()
  const clock = stoppedClock()
  const kept = memory(clock)
  const calls: string[] = []
  const store = inTurns(kept, async (call) => void calls.push(String(call)))
  const ran: string[] = []
  const errors: unknown[] = []
  let act = async (_: { push: (name: 'said', text: string) => Promise<void>; raise: (event: never) => void }) => {}
  const app = ws({ gateway: net.gateway, clock, warn: () => {} })
    .store(store)
    .pushes({ said: v.string() })
    .protocol(machine, { internal: ['tick', 'sealed'] })
    .onConnect(() => accept())
    .on('auth', () => void ran.push('auth'))
    .on('join', async ({ push, raise }) => {
      ran.push('join')
      await act({ push: (name, text) => push(name, text), raise: raise as (event: never) => void })
      return 'joined'
    })
    .on('note', v.object({ text: v.string() }), () => void ran.push('note'))
    .on('guarded', () => void ran.push('guarded'))
    .on('assigned', () => void ran.push('assigned'))
    .on('loop', () => void ran.push('loop'))
    .onError((error) => {
      errors.push(error)
    })
    .build()
  const one = peer(app, net)
  await one.connect()
  if (known) await one.send({ action: 'auth' })
  ran.length = calls.length = 0
  /** What is stored, less what every write changes. */
  const state = async () => {
    const record = await kept.records.read(one.connectionId)
    return { value: record?.state?.value, context: record?.state?.context, claim: record?.claim }
  }
  const during = (next: typeof act) => {
    act = next
  }
  return { ...one, clock, ran, errors, calls, state, during, record: () => kept.records.read(one.connectionId) }
}

const known = { value: 'known', context: { notes: '', count: 0 }, claim: undefined }
const internal = (action: string) => ({ action, id: '1', error: { code: 'INTERNAL', message: 'Internal error' } })
const messagesOf = (errors: readonly unknown[]) => errors.map((error) => String(error))

test('40. join before auth is refused with the state and what it allows: one read, no write, no handler', async () => {
  const { send, ran, calls, errors } = await desk({ known: false })
  const { frames } = await send({ action: 'join', id: '1' })
  const message = "'join' is not allowed in 'anonymous'. Allowed: auth."
  const details = { state: 'anonymous', allowed: ['auth'] }
  assert.equal(frames, [{ action: 'join', id: '1', error: { code: 'FAILED_PRECONDITION', message, details } }])
  assert.equal(ran, [])
  assert.equal(calls, ['read'])
  assert.equal(errors, [])
})

test('40. a refusal tells of no internal event', async () => {
  const { send } = await desk()
  await send({ action: 'join' })
  const { frames } = await send({ action: 'join', id: '2' })
  const [{ error }] = frames as [{ error: { details: unknown } }]
  assert.equal(error.details, { state: 'joined', allowed: [] })
})

test('57. what a handler sent before it threw is not sent, and the state is as it was', async () => {
  const { send, during, state, errors } = await desk()
  during(async ({ push }) => {
    await push('said', 'too early')
    throw new Error('and then it broke')
  })
  assert.equal((await send({ action: 'join', id: '1' })).frames, [internal('join')])
  assert.equal(await state(), known)
  assert.equal(messagesOf(errors), ['Error: and then it broke'])
})

test('57. the next message finds the connection free', async () => {
  const { send, during, ran } = await desk()
  during(async () => {
    throw new Error('once')
  })
  await send({ action: 'join', id: '1' })
  during(async ({ push }) => push('said', 'now'))
  const { frames } = await send({ action: 'join', id: '1' })
  assert.equal(frames, [
    { event: 'said', data: 'now' },
    { action: 'join', id: '1', data: 'joined' },
  ])
  assert.equal(ran, ['join', 'join'])
})

for (const [said, event, told] of [
  ['that the new state forbids', { type: 'tick' }, "'tick' was raised where the protocol does not allow it."],
  ['that is not internal', { type: 'auth' }, "'auth' is no internal event."],
  ['that nobody knows', { type: 'xstate.stop' }, "'xstate.stop' is no internal event."],
] as const)
  test(`58. a handler that raises an event ${said} fails, nothing is sent, and the state is as it was`, async () => {
    const { send, during, state, errors } = await desk()
    during(async ({ push, raise }) => {
      await push('said', 'too early')
      raise(event as never)
    })
    assert.equal((await send({ action: 'join', id: '1' })).frames, [internal('join')])
    assert.equal(await state(), known)
    assert.is(errors.length, 1)
    assert.match(String(errors[0]), told)
  })

test('59. a handler that raises a hundred events is taken for a loop, and the state is as it was', async () => {
  const { send, during, state, errors } = await desk()
  during(async ({ raise }) => {
    for (let times = 0; times < 100; times++) raise({ type: 'sealed' } as never)
  })
  assert.equal((await send({ action: 'join', id: '1' })).frames, [internal('join')])
  assert.equal(await state(), known)
  assert.equal(messagesOf(errors), ['RangeError: A handler raised 100 events; 16 are allowed.'])
})

test('59. sixteen events are applied', async () => {
  const { send, during, state } = await desk()
  during(async ({ raise }) => {
    for (let times = 0; times < 16; times++) raise({ type: 'sealed' } as never)
  })
  assert.equal(codesOf((await send({ action: 'join' })).frames), [{ action: 'join', data: 'joined' }])
  assert.is((await state()).value, 'joined')
})

for (const [action, said] of [
  ['guarded', 'the guard broke'],
  ['assigned', 'the assign broke'],
] as const)
  test(`60. where ${said} the handler does not run, nothing is written, and the peer is told no detail`, async () => {
    const { send, ran, calls, errors, record } = await desk()
    const before = await record()
    assert.equal((await send({ action, id: '1' })).frames, [internal(action)])
    assert.equal(ran, [])
    assert.equal(calls, ['read'])
    assert.equal(await record(), before)
    assert.is(errors.length, 1)
    assert.match(String(errors[0]), said)
  })

test('61. a context that would grow past 64 KB is not stored, and the error names its largest part', async () => {
  const { send, state, errors } = await desk()
  const text = 'x'.repeat(65 * 1024)
  assert.equal((await send({ action: 'note', id: '1', data: { text } })).frames, [internal('note')])
  assert.equal(await state(), known)
  assert.is(errors.length, 1)
  assert.match(String(errors[0]), /takes? .*bytes.*'notes'/)
})

test('61. a context of 60 KB is stored', async () => {
  const { send, state } = await desk()
  const text = 'x'.repeat(60 * 1024)
  assert.equal((await send({ action: 'note', id: '1', data: { text } })).frames, [{ action: 'note', id: '1' }])
  assert.equal((await state()).context, { notes: text, count: 0 })
})

test('61. the 64 KB are bytes of UTF-8', async () => {
  const { send, state } = await desk()
  const text = '語'.repeat(22 * 1024)
  assert.equal((await send({ action: 'note', id: '1', data: { text } })).frames, [internal('note')])
  assert.equal(await state(), known)
})

for (const remainingMs of [0, -1, 999])
  test(`53. with ${remainingMs} ms to live nothing is claimed, no handler runs, and the peer may try again`, async () => {
    const { send, ran, calls } = await desk()
    const { frames } = await send({ action: 'join' }, {}, lambdaWith(remainingMs))
    assert.equal(codesOf(frames), ['UNAVAILABLE'])
    assert.equal(ran, [])
    assert.equal(calls, ['read'])
  })

for (const [said, context, leaseMs] of [
  ['ends two seconds after the function can still be alive', lambdaWith(10_000), 12_000],
  ['without a context is for half a minute', undefined, 32_000],
  ['is for half a minute where the time left is no number', lambdaWith(Number.NaN), 32_000],
] as const)
  test(`54. a claim ${said}`, async () => {
    const { send, during, record, clock } = await desk()
    let deadline: number | undefined
    during(async () => {
      deadline = (await record())?.claim?.deadline
    })
    await send({ action: 'join' }, {}, context)
    assert.is(deadline, clock.now() + leaseMs)
  })

test.run()
