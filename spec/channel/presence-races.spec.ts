import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Gateway } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { inTurns, interleave, latch, peer, stoppedClock, type Turn, wire } from '../kit/wire.ts'
import { known, lobby } from './presence-kit.ts'

const test = suite('presence: two functions at once')

/** A lobby with bob, who is told of everything, and the connections of others. Each invocation is an instance of its own. */
const arena = async (queries: readonly string[], before: readonly (readonly [number, unknown])[]) => {
  const net = wire()
  const clock = stoppedClock()
  const store = memory(clock)
  const calm = lobby(store, { gateway: net.gateway, clock })
  const bob = peer(calm, net)
  await bob.connect()
  const others = queries.map(() => peer(calm, net))
  for (const [index, query] of queries.entries()) await others[index]?.connect({ query })
  for (const [index, body] of before) await others[index]?.send(body)

  const instance = (index: number, turn: Turn) => {
    const inOrder = oneByOne(turn)
    const post: Gateway['post'] = async (...given) => {
      await inOrder()
      return net.gateway.post(...given)
    }
    const app = lobby(inTurns(store, inOrder), { gateway: { ...net.gateway, post }, clock })
    return peer(app, net, others[index]?.connectionId)
  }
  type Act = (one: ReturnType<typeof instance>) => Promise<unknown>
  const race = async (schedule: readonly number[], ...acts: readonly (readonly [number, Act])[]) => {
    await interleave(
      schedule,
      acts.map(
        ([index, act]) =>
          (turn) =>
            act(instance(index, turn)),
      ),
    )
    return outcome()
  }
  /** What bob knows in the end, how often he was told, and who is present. */
  const outcome = async () => {
    const list = await calm.server.channel('lobby').presence.list()
    const frames = bob.taken()
    const present = Object.fromEntries(list.map(({ key, meta }) => [key, meta.name]))
    return { knows: known(frames), present, told: frames.length, connections: list.map((one) => one.connections) }
  }
  return { race, instance, outcome }
}

/** What one function does at once takes its turns one after the other. */
const oneByOne = (turn: Turn): Turn => {
  let last = Promise.resolve()
  return (call) => {
    last = last.then(() => turn(call))
    return last
  }
}

/** A latch that so many have to open. */
const counted = (missing: number) => {
  const { passed, open } = latch()
  let left = missing
  return { passed, count: () => --left === 0 && open() }
}

const TABS = ['?user=ann', '?user=ann']
const track = { action: 'track', data: { name: 'Ann' } }
const untrack = { action: 'untrack' }
const leave = { action: 'leave' }
const send = (body: unknown) => (one: { readonly send: (body: unknown) => Promise<unknown> }) => one.send(body)

/** For orders as chance finds them, in which each function goes on for a while before it is another one's turn. */
const ofAllOrders = (check: (schedule: readonly number[]) => Promise<void>) => {
  const stretch = fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 16 }))
  const order = fc.array(stretch, { minLength: 4, maxLength: 16 })
  const turns = order.map((all) => all.flatMap(([actor, count]) => Array.from({ length: count }, () => actor)))
  return fc.assert(fc.asyncProperty(turns, check), { numRuns: 250 })
}

test('two tabs of a user that come at once are told of at least once', () =>
  ofAllOrders(async (schedule) => {
    const { race } = await arena(TABS, [])
    const { knows, present, told, connections } = await race(schedule, [0, send(track)], [1, send(track)])
    assert.equal(present, { ann: 'Ann' })
    assert.equal(connections, [2])
    assert.equal(knows, present)
    assert.ok(told >= 1 && told <= 2, `told ${told} times`)
  }))

test('of two tabs that say different things the one that holds was told last', () =>
  ofAllOrders(async (schedule) => {
    const { race } = await arena(TABS, [])
    const other = { action: 'track', data: { name: 'Anna' } }
    const { knows, present } = await race(schedule, [0, send(track)], [1, send(other)])
    assert.equal(knows, present)
  }))

test('a user one tab of whom goes while another one comes is present, and known to be', () =>
  ofAllOrders(async (schedule) => {
    const { race } = await arena(TABS, [[0, track]])
    const { knows, present } = await race(schedule, [0, send(untrack)], [1, send(track)])
    assert.equal(present, { ann: 'Ann' })
    assert.equal(knows, present)
  }))

test('so is one that comes on two tabs, both of which have seen a third one that was gone when they came', async () => {
  const { instance, outcome } = await arena([...TABS, '?user=ann'], [[2, track]])
  const [looked, gone, seated] = [counted(2), latch(), counted(2)]
  const coming = (): Turn => {
    let isSeated = false
    return async (call) => {
      if (call === 'join') {
        looked.count()
        await gone.passed
        isSeated = true
      } else if (isSeated) {
        seated.count()
        isSeated = false
        await seated.passed
      }
    }
  }
  const tabs = [0, 1].map((index) => instance(index, coming()).send(track))
  await looked.passed
  await instance(2, async () => {}).send(untrack)
  gone.open()
  await Promise.all(tabs)
  const { knows, present } = await outcome()
  assert.equal(present, { ann: 'Ann' })
  assert.equal(knows, present)
})

test('so is one that disconnects on one tab', () =>
  ofAllOrders(async (schedule) => {
    const { race } = await arena(TABS, [[0, track]])
    const { knows, present } = await race(schedule, [0, (one) => one.disconnect()], [1, send(track)])
    assert.equal(present, { ann: 'Ann' })
    assert.equal(knows, present)
  }))

test('a user both tabs of whom go at once is known to be gone', () =>
  ofAllOrders(async (schedule) => {
    const { race } = await arena(TABS, [
      [0, track],
      [1, track],
    ])
    const { knows, present, told } = await race(schedule, [0, send(untrack)], [1, (one) => one.disconnect()])
    assert.equal(present, {})
    assert.equal(knows, {})
    assert.ok(told >= 2)
  }))

test('who says who it is while it comes is known as that, and as nobody else', () =>
  ofAllOrders(async (schedule) => {
    const { race } = await arena([''], [])
    const { knows, present } = await race(schedule, [0, send(track)], [0, send({ action: 'login', data: 'ann' })])
    assert.equal(present, { ann: 'Ann' })
    assert.equal(knows, present)
  }))

test('who leaves the channel while it comes is not present, and known not to be', () =>
  ofAllOrders(async (schedule) => {
    const { race } = await arena(['?user=ann'], [])
    const { knows, present } = await race(schedule, [0, send(track)], [0, send(leave)])
    assert.equal(present, {})
    assert.equal(knows, {})
  }))

test('who is gone while it comes is known to be gone', () =>
  ofAllOrders(async (schedule) => {
    const { race } = await arena(['?user=ann'], [])
    const { knows, present } = await race(schedule, [0, send(track)], [0, (one) => one.disconnect()])
    assert.equal(present, {})
    assert.equal(knows, {})
  }))

test('what was said last holds, though the clock of who heard it is late', async () => {
  const net = wire()
  const [clock, ahead] = [stoppedClock(), stoppedClock()]
  ahead.advance(60_000)
  const store = memory(clock)
  const [early, late] = [ahead, clock].map((clock) => lobby(store, { gateway: net.gateway, clock }))
  assert.ok(early && late)
  const [laptop, phone] = [peer(early, net), peer(late, net)]
  await laptop.connect({ query: '?user=ann' })
  await phone.connect({ query: '?user=ann' })
  await laptop.send({ action: 'track', data: { name: 'at work' } })
  const { frames } = await phone.send({ action: 'track', data: { name: 'out' } })
  assert.equal(known(frames), { ann: 'out' })
  assert.equal(await late.server.channel('lobby').presence.list(), [
    { key: 'ann', meta: { name: 'out' }, connections: 2 },
  ])
})

test.run()
