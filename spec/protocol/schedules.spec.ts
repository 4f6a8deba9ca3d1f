import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bury, message } from '../../lib/protocol/engine.ts'
import type { ConnectionRecord } from '../../lib/store/store.ts'
import { ask, machine, policy, recordIn } from './hand.ts'
import { explore, type Moment, type Task } from './schedules.ts'

const test = suite('protocol engine: every schedule')

const patient = { ...policy, backoff: () => 1, patienceMs: 2, deadline: () => 1_000 }
const send = (event: string, token = event): Task => ({
  start: () => message(machine, ask(event, { id: token, token }), patient),
})
const failing = (event: string): Task => ({ ...send(event), handled: { ok: false, error: 'no' } })
const close: Task = { start: () => bury({ by: 'disconnect', token: 'close' }) }
/** A farewell that could not be stored is thrown, and tried again by whoever asked for it. */
const reliably = ({ start }: Task): Task => ({
  *start() {
    try {
      return yield* start()
    } catch (error) {
      return { kind: String(error) }
    }
  },
})
const gone: Task = { start: () => bury({ by: 'gone', token: 'gone' }) }

/** What must hold at every step of every schedule. */
const check = (
  before: Moment,
  after: Moment,
  _task: number,
  effect: { readonly op: string; readonly exclusive?: boolean },
) => {
  if (effect.op === 'run' && effect.exclusive && after.running.length > 1) return 'two handlers at a time'
  if (before.record === after.record) return undefined
  if (before.record.closed && (!after.record.closed || stateOf(before) !== stateOf(after) || after.record.claim))
    return 'written after the end'
  if (stateOf(before) !== stateOf(after) && !isStep(before.record, after.record))
    return `no path: ${stateOf(before)} to ${stateOf(after)}`
  return undefined
}

const strictly: typeof check = (before, after, task, effect) => {
  const raised = before.record === after.record || after.record.version > before.record.version
  return raised ? check(before, after, task, effect) : `task ${task} did not raise the version`
}

const stateOf = ({ record }: Moment) => String(record.state?.value)

/** Whether some event of the machine leads from one committed state to the next. */
const isStep = ({ state }: ConnectionRecord, next: ConnectionRecord) =>
  ['auth', 'join', 'leave'].some((type) => {
    if (!state || !machine.can(state, { type })) return false
    return machine.next({ state, due: [] }, { type }, 0).state.value === next.state?.value
  })

const kinds = (outcomes: readonly unknown[]) =>
  outcomes.map((one) => (one as { kind?: string; first?: boolean }).kind ?? `closed ${Object(one).first}`).join(', ')

const scenarios: readonly {
  readonly what: string
  readonly from: ConnectionRecord
  readonly tasks: readonly Task[]
  readonly ends: readonly string[]
}[] = [
  {
    what: 'two messages that change the same state',
    from: recordIn('anonymous'),
    tasks: [send('auth', 'one'), send('auth', 'two')],
    ends: ['busy, done', 'done, busy', 'done, rejected', 'rejected, done'],
  },
  {
    what: 'two attempts of one message',
    from: recordIn('anonymous'),
    tasks: [send('auth', 'one'), { start: () => message(machine, ask('auth', { id: 'one', token: 'two' }), patient) }],
    ends: ['busy, done', 'done, busy', 'done, duplicate', 'duplicate, done'],
  },
  {
    what: 'a message and the one that it earns',
    from: recordIn('anonymous'),
    tasks: [send('auth'), send('join')],
    ends: ['done, busy', 'done, done', 'done, rejected'],
  },
  {
    what: 'a message that fails and the one that it would have earned',
    from: recordIn('anonymous'),
    tasks: [failing('auth'), send('join')],
    ends: ['failed, busy', 'failed, rejected'],
  },
  {
    what: 'a message and $disconnect',
    from: recordIn('anonymous'),
    tasks: [send('auth'), close],
    ends: ['done, closed true', 'fenced, closed true', 'gone, closed true'],
  },
  {
    what: 'a 410 and $disconnect',
    from: recordIn('joined'),
    tasks: [gone, close],
    ends: ['closed false, closed true', 'closed true, closed true'],
  },
]

for (const { what, from, tasks, ends } of scenarios)
  test(`${what}: nothing is wrong in any schedule, and these are the ends`, () => {
    const explored = explore(from, tasks, { check: strictly })
    assert.equal(explored.wrongs, [])
    assert.equal([...new Set(explored.ends.map(kinds))].sort(), ends)
    assert.ok(explored.schedules > 1)
  })

test('two messages and $disconnect: nothing is wrong in any schedule', () => {
  const explored = explore(recordIn('anonymous'), [send('auth'), send('join'), close], { check: strictly })
  assert.equal(explored.wrongs, [])
  assert.ok(explored.schedules > 1_000)
  assert.ok(explored.ends.some((outcomes) => kinds(outcomes) === 'done, done, closed true'))
})

/** What a message was told is true: it is 'done' if and only if its commit is stored. */
const truly =
  (tokens: readonly string[]) =>
  (outcomes: readonly unknown[], { done = [] }: ConnectionRecord) => {
    for (const [index, token] of tokens.entries()) {
      const { kind } = Object(outcomes[index]) as { kind: string }
      const stored = done.some((one) => one.token === token)
      if (stored !== (kind === 'done') && kind !== 'unknown') return `${token} was told '${kind}', stored: ${stored}`
    }
    return undefined
  }

test('two messages, and any one or two answers lost: nothing is wrong, and what they are told is true', () => {
  for (const [one, other] of [
    ['auth', 'auth'],
    ['auth', 'join'],
  ] as const) {
    const verify = truly(['one', 'other'])
    const tasks = [send(one, 'one'), send(other, 'other')]
    const explored = explore(recordIn('anonymous'), tasks, { check: strictly, verify, losses: 2 })
    assert.equal(explored.wrongs, [])
    assert.ok(explored.ends.some((outcomes) => kinds(outcomes).startsWith('unavailable')))
  }
})

test('a message and $disconnect, and any one answer lost: nothing is wrong', () => {
  const explored = explore(recordIn('anonymous'), [send('auth', 'one'), reliably(close)], {
    check: strictly,
    verify: truly(['one']),
    losses: 1,
  })
  assert.equal(explored.wrongs, [])
  assert.ok(explored.schedules > 100)
})

test('the checker sees an untrue answer', () => {
  const verify = truly(['never'])
  const { wrongs } = explore(recordIn('anonymous'), [send('auth', 'one')], { check, verify })
  assert.equal(wrongs, ["never was told 'done', stored: false"])
})

test('the checker sees what a store that does not compare lets happen', () => {
  const rules = { check, compares: false }
  assert.ok(
    explore(recordIn('anonymous'), [send('auth', 'one'), send('auth', 'two')], rules).wrongs.includes(
      'two handlers at a time',
    ),
  )
  assert.ok(explore(recordIn('anonymous'), [send('auth'), close], rules).wrongs.includes('written after the end'))
  assert.ok(explore(recordIn('joined'), [send('leave', 'one'), send('leave', 'two')], rules).wrongs.length > 0)
})

test.run()
