import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stay } from 'ws-interlock'
import { assign, createMachine } from 'xstate'
import { mirror } from '../../lib/client/mirror.ts'
import { INTERNAL, machine } from './room.ts'

const test = suite('client: a mirror by itself')

/** A mirror alone, on a clock that stands still. */
const alone = (given: Parameters<typeof mirror>[0] = machine) => {
  const time = { at: 1_700_000_000_000 }
  const seen = mirror(given, { now: () => time.at, internal: INTERNAL })
  let id = 0
  return {
    mirror: seen,
    time,
    value: () => Object(seen.snapshot).value,
    accept: (name: string, data?: unknown) => {
      const refusal = seen.refusal(name, data)
      seen.accepted(name, data, String(++id))
      return refusal
    },
    refuses: (name: string) => seen.refusal(name) !== undefined,
  }
}

const switches = createMachine({
  id: 'switches',
  type: 'parallel',
  states: {
    light: { initial: 'off', states: { off: { on: { flip: 'on' } }, on: { on: { flip: 'off', dim: stay } } } },
    sound: {
      initial: 'off',
      on: { mute: '.off', back: '.past' },
      states: { off: { on: { up: 'low' } }, low: { on: { up: 'high' } }, high: {}, past: { type: 'history' } },
    },
  },
})

test('before the first connection nothing is known and nothing refused', () => {
  const { mirror, value, refuses } = alone()
  assert.is(value(), undefined)
  assert.ok(mirror.can('send') && !refuses('send'))
  assert.equal([...mirror.changing].sort(), ['auth', 'leave', 'rest', 'send'])
})

test('a message that the machine has no name for is not refused, and cannot be told to be allowed', () => {
  const { mirror, refuses } = alone()
  mirror.begin()
  assert.not(refuses('$ping'))
  assert.not(refuses('kicked'))
  assert.not(mirror.can('other'))
})

test('a final state refuses everything, in the words of the state', () => {
  const { mirror, accept } = alone()
  mirror.begin()
  mirror.told({ state: 'guest' })
  accept('leave')
  assert.equal(mirror.refusal('send'), { code: 'FAILED_PRECONDITION', message: 'Come again.' })
  assert.not(mirror.can('send'))
})

test('regions of a parallel state have no order', () => {
  const { mirror, value, refuses, accept } = alone(switches)
  mirror.begin()
  accept('flip')
  mirror.told({ state: { sound: 'low', light: 'off' } })
  assert.equal(value(), { light: 'off', sound: 'low' })
  assert.ok(refuses('dim'))
  accept('flip')
  assert.equal(value(), { light: 'on', sound: 'low' })
  assert.not(refuses('dim'))
})

test('after a way back into history nothing is refused until the server tells', () => {
  const { mirror, accept, refuses } = alone(switches)
  mirror.begin()
  accept('up')
  accept('up')
  assert.ok(refuses('up'))
  accept('mute')
  accept('back')
  assert.not(refuses('up'))
  mirror.told({ state: { light: 'off', sound: 'high' } })
  assert.ok(refuses('up'))
})

test('a state that the machine does not have, or nonsense, makes it unsure until the next beginning', () => {
  for (const state of ['elsewhere', { anonymous: {} }, 7, null, ['guest']]) {
    const { mirror, value, refuses, accept } = alone()
    mirror.begin()
    mirror.told({ state })
    assert.is(value(), undefined)
    assert.ok(mirror.can('send') && !refuses('send'))
    accept('rest')
    assert.not(refuses('send'))
    mirror.begin()
    assert.ok(refuses('send'))
  }
  const { mirror, refuses } = alone()
  mirror.begin()
  for (const nonsense of [undefined, null, 'guest', 7, {}, { id: '1' }]) mirror.told(nonsense)
  assert.ok(refuses('send'))
})

test('where a refusal says that the connection is elsewhere, it is there', () => {
  const { mirror, value, refuses } = alone()
  mirror.begin()
  const refused = (details: unknown) => mirror.refused({ code: 'FAILED_PRECONDITION', details })
  refused({ state: 'guest', allowed: [] })
  assert.is(value(), 'guest')
  assert.ok(refuses('auth'))
  // Those of handlers say something else.
  refused({ reason: 'none' })
  refused({ state: 'left' })
  mirror.refused({ code: 'PERMISSION_DENIED', details: { state: 'left', allowed: [] } })
  assert.is(value(), 'guest')
})

test('while it is not known whether a message was applied, nothing is refused', () => {
  const { mirror, refuses } = alone()
  mirror.begin()
  mirror.told({ state: 'guest' })
  assert.ok(refuses('auth'))
  mirror.refused({ code: 'UNKNOWN' }, 'rest')
  assert.not(refuses('auth'))
  mirror.told({ state: 'resting' })
  mirror.resume('guest')
  assert.ok(refuses('auth'))
  mirror.resume(undefined)
  assert.not(refuses('auth'))
})

test('an answer whose effect was told already is not applied again', () => {
  const { mirror, value } = alone()
  mirror.begin()
  mirror.told({ state: 'guest', version: 2 })
  mirror.refusal('rest')
  // It was applied, and then the server has acted.
  mirror.told({ state: 'guest', version: 9, id: '5' })
  mirror.accepted('rest', undefined, '5')
  assert.is(value(), 'guest')
})

test('an answer that has overtaken what was told before it is applied to that', () => {
  const { mirror, value, refuses } = alone()
  mirror.begin()
  mirror.told({ state: 'resting', version: 2 })
  mirror.refusal('send')
  mirror.accepted('send', undefined, '1')
  assert.is(value(), 'guest')
  mirror.refusal('leave')
  mirror.accepted('leave', undefined, '2')
  mirror.told({ state: 'member', version: 3, id: '1' })
  assert.is(value(), 'left')
  assert.not(refuses('send'))
})

test('an answer to what may have stayed, before something was told, leaves nobody sure', () => {
  const { mirror, refuses } = alone()
  mirror.begin()
  mirror.told({ state: 'guest', version: 2 })
  mirror.refusal('send')
  mirror.told({ state: 'resting', version: 3, id: '' })
  mirror.accepted('send', undefined, '1')
  assert.not(refuses('auth'))
  mirror.told({ state: 'resting', version: 4, id: '1' })
  assert.is(Object(mirror.snapshot).value, 'resting')
})

test('of two states that were told the one with the lower version is older', () => {
  const { mirror, value } = alone()
  mirror.begin()
  mirror.told({ state: 'guest', version: 5 })
  mirror.told({ state: 'anonymous', version: 4 })
  assert.is(value(), 'guest')
})

test('a handler that takes its time has its delay begin when its message was sent', () => {
  const { mirror, time, refuses } = alone()
  mirror.begin()
  mirror.told({ state: 'guest' })
  mirror.refusal('rest')
  time.at += 6_000
  mirror.accepted('rest', undefined, '1')
  assert.ok(refuses('leave'))
  time.at += 2_000
  assert.not(refuses('leave'))
})

test('a clock that is put back makes nobody sure of a delay', () => {
  const { mirror, time, accept, refuses } = alone()
  mirror.begin()
  mirror.told({ state: 'guest' })
  accept('rest')
  assert.ok(refuses('leave'))
  time.at -= 3_600_000
  assert.not(refuses('leave'))
})

test('where the server tells of nothing, a message that fits one state alone says which delay has ended', () => {
  const waiting = createMachine({
    id: 'waiting',
    initial: 'shut',
    states: {
      shut: { after: { 5000: 'open' }, on: { knock: stay } },
      open: { on: { enter: 'in', knock: 'shut' } },
      in: {},
    },
  })
  const { mirror, time, value, accept, refuses } = alone(waiting)
  mirror.begin()
  assert.ok(refuses('enter'))
  time.at += 5_000
  assert.not(refuses('enter'))
  accept('enter')
  assert.is(value(), 'in')
  assert.ok(refuses('knock'))
})

test('what throws here, for want of what the server knows, makes it unsure and hurts nobody', () => {
  const broken = createMachine({
    id: 'broken',
    context: { user: undefined as { name: string } | undefined },
    initial: 'a',
    states: {
      a: {
        on: {
          go: { target: 'b', actions: assign({ user: ({ context }) => ({ name: Object(context.user).name.big() }) }) },
        },
      },
      b: {},
    },
  })
  const { mirror, value, accept, refuses } = alone(broken)
  mirror.begin()
  const circle: Record<string, unknown> = {}
  circle.self = circle
  assert.ok(mirror.can('go', circle))
  accept('go')
  assert.is(value(), undefined)
  assert.not(refuses('go'))
})

test.run()
