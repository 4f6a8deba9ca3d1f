import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, route, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { makeId, messageEvent } from 'ws-interlock/testing'
import { assign, setup } from 'xstate'
import { codesOf, inTurns, lambdaWith, latch, peer, stoppedClock, wire } from '../kit/wire.ts'

const test = suite('faults: repetitions, zombies and clocks')

const machine = setup({
  types: {
    context: {} as { votes: number },
    events: {} as { type: 'auth'; token: string } | { type: 'vote' } | { type: 'look' },
  },
}).createMachine({
  id: 'poll',
  context: { votes: 0 },
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: 'open' } },
    open: {
      on: { vote: { target: 'voted', actions: assign({ votes: ({ context }) => context.votes + 1 }) }, look: stay },
    },
    voted: { on: { look: stay } },
  },
})

/** A connection that may vote once, and functions that serve it: each with a clock of its own. */
const poll = async () => {
  const net = wire()
  const clock = stoppedClock()
  const kept = memory(clock)
  const connectionId = makeId()
  const effects: string[] = []
  const calls: string[] = []
  /** What the next handler of a vote waits for. */
  let hold: Promise<void> | undefined
  const instance = (skewMs = 0) => {
    const app = ws({
      gateway: net.gateway,
      clock: { now: () => clock.now() + skewMs, wait: clock.wait },
      warn: () => {},
    })
      .store(inTurns(kept, async (call) => void calls.push(String(call))))
      .pushes({ thanks: v.object({}) })
      .protocol(machine)
      .onConnect(() => accept())
      .on('auth', v.object({ token: v.string() }), ({ data }) => void effects.push(`auth ${data.token}`))
      .on('vote', async ({ push, idempotencyKey }) => {
        effects.push(idempotencyKey)
        await push('thanks', {})
        const held = hold
        hold = undefined
        await held
      })
      .on('look', route({ exclusive: false }), () => 'seen')
      .onError(() => {})
      .build()
    return peer(app, net, connectionId)
  }
  const one = instance()
  await one.connect()
  const votes = async () => Object((await kept.records.read(connectionId))?.state?.context).votes as number
  const letIn = async () => {
    await one.send({ action: 'auth', data: { token: 'good' } })
    effects.length = 0
    calls.length = 0
  }
  const holding = () => {
    const gate = latch()
    hold = gate.passed
    return gate
  }
  return { one, instance, clock, effects, calls, votes, letIn, holding, net }
}

const vote = (id: string) => ({ action: 'vote', id })
const auth = (id: string, token: string) => ({ action: 'auth', id, data: { token } })

test('32. a message that is sent again after its commit is told so, and no handler runs', async () => {
  const { one, effects } = await poll()
  assert.equal((await one.send(auth('1', 'good'))).frames, [{ action: 'auth', id: '1' }])
  assert.equal(codesOf((await one.send(auth('1', 'good'))).frames), ['ALREADY_EXISTS'])
  assert.equal(effects, ['auth good'])
})

test('34. another message under an id that was applied is refused, and no handler runs', async () => {
  const { one, effects } = await poll()
  await one.send(auth('1', 'good'))
  for (const other of [auth('1', 'better'), vote('1')])
    assert.equal((await one.send(other)).frames, [
      {
        action: other.action,
        id: '1',
        error: {
          code: 'INVALID_ARGUMENT',
          message: 'Another message was applied under this id. Give each message its own.',
        },
      },
    ])
  assert.equal(effects, ['auth good'])
})

test('43. a thousand messages that are not allowed cost one read each, and none of them waits', async () => {
  const { one, calls, clock, effects } = await poll()
  calls.length = 0
  const began = clock.now()
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, id) => one.send(vote(String(id)))))
  assert.is(answers.flatMap(({ frames }) => frames).length, 1_000)
  assert.equal([...new Set(codesOf(answers.flatMap(({ frames }) => frames)))], ['FAILED_PRECONDITION'])
  assert.equal([...new Set(calls)], ['read'])
  assert.is(calls.length, 1_000)
  assert.is(clock.now(), began)
  assert.equal(effects, [])
})

test('51. of a hundred votes at once one is committed and has an effect', async () => {
  const { instance, letIn, effects, votes, net, one } = await poll()
  await letIn()
  const functions = Array.from({ length: 100 }, () => instance())
  await Promise.all(
    functions.map((each, id) => each.handle(messageEvent({ connectionId: one.connectionId, body: vote(String(id)) }))),
  )
  const told = codesOf(net.taken(one.connectionId))
  assert.is(told.filter((frame) => typeof frame === 'object' && 'id' in Object(frame)).length, 1)
  assert.is(told.length, 101) // each was answered, and one was thanked
  assert.is(effects.length, 1)
  assert.is(await votes(), 1)
})

test('52. a handler that outlives its function holds the connection until two seconds after that', async () => {
  const { one, instance, letIn, holding, clock, effects, votes } = await poll()
  await letIn()
  holding()
  void one.send(vote('1'), {}, lambdaWith(10_000))
  await turns()
  const next = instance()
  clock.advance(11_999)
  assert.equal(codesOf((await next.send(vote('2'), {}, lambdaWith(1_500))).frames), ['UNAVAILABLE'])
  clock.advance(1)
  assert.equal((await next.send(vote('3'))).frames, [
    { event: 'thanks', data: {} },
    { action: 'vote', id: '3' },
  ])
  assert.is(effects.length, 2)
  assert.is(await votes(), 1)
})

test('55. a zombie that wakes after another took over is fenced, and nothing that it sent leaves', async () => {
  const { one, instance, letIn, holding, clock, votes } = await poll()
  await letIn()
  const gate = holding()
  const zombie = one.send(vote('1'))
  await turns()
  clock.advance(60_000)
  await instance().send(vote('2'))
  gate.open()
  assert.equal(codesOf((await zombie).frames), ['ABORTED'])
  assert.is(await votes(), 1)
})

test('56. a zombie that wakes before anybody took over commits as if nothing had been', async () => {
  const { one, letIn, holding, clock, votes } = await poll()
  await letIn()
  const gate = holding()
  const zombie = one.send(vote('1'))
  await turns()
  clock.advance(60_000)
  gate.open()
  assert.equal((await zombie).frames, [
    { event: 'thanks', data: {} },
    { action: 'vote', id: '1' },
  ])
  assert.is(await votes(), 1)
})

test('51. messages at once run one at a time though the chance that an application was given is none', async () => {
  const net = wire()
  let running = 0
  let most = 0
  const app = ws({ gateway: net.gateway, random: () => 0.5, warn: () => {} })
    .store(memory())
    .protocol(machine)
    .onConnect(() => accept())
    .on('auth', v.object({ token: v.string() }), async () => {
      most = Math.max(most, ++running)
      await turns()
      running--
    })
    .on('vote', () => {})
    .on('look', () => {})
    .build()
  const one = peer(app, net)
  await one.connect()
  await Promise.all(['a', 'b', 'c'].map((id) => one.send(auth(id, 'good'))))
  assert.is(most, 1)
})

for (const skewMs of [10_000, -10_000])
  test(`79. with one clock ${skewMs} ms off two handlers may meet, and one vote is committed`, async () => {
    const { one, instance, letIn, holding, votes, net } = await poll()
    await letIn()
    const gate = holding()
    const first = one.send(vote('1'), {}, lambdaWith(5_000))
    await turns()
    const other = instance(skewMs)
    const second = await other.send(vote('2'), {}, lambdaWith(4_000))
    gate.open()
    const told = [...second.frames, ...(await first).frames, ...net.taken(one.connectionId)]
    assert.is(told.filter((frame) => 'id' in Object(frame) && !('error' in Object(frame))).length, 1)
    assert.is(await votes(), 1)
    // The clock that is ahead takes the claim for expired; the one behind waits, and is told to come back.
    assert.equal(codesOf(told).includes(skewMs > 0 ? 'ABORTED' : 'UNAVAILABLE'), true)
  })

/** Let what was begun go on until it waits for something that only the spec can give. */
const turns = async () => {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve()
}

test.run()
