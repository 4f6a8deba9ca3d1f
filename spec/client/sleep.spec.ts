import { suite } from 'uvu'
import { equal, is, ok } from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import type { Script, Victim } from '../kit/hostile.ts'
import { begin, outcome } from './kit.ts'
import { aWhile, closeAll, kind, loadAll, MINUTE, type Options, outcomeOf, said, victim } from './victim.ts'

const test = suite('a client whose clock jumps, as when a laptop sleeps')
test.before(loadAll)
test.after.each(closeAll)

const HOUR = 60 * MINUTE
const YEAR = 365 * 24 * HOUR

/**
 * The clock of a laptop. It sleeps with `advance`: whatever was due by then runs once, at the end. What was set before
 * `jump` waits as long as it would have: so it is where timers do not count the time asleep, and where the clock is set.
 */
const laptop = () => {
  let now = Date.UTC(2026, 0, 1)
  let timers: { at: number; readonly run: () => void }[] = []
  return {
    now: () => now,
    setTimeout: (run: () => void, ms: number) => {
      const timer = { at: now + ms, run }
      timers.push(timer)
      return timer
    },
    clearTimeout: (timer: unknown) => {
      timers = timers.filter((other) => other !== timer)
    },
    next: () => timers.map(({ at }) => at).sort((a, b) => a - b)[0],
    advance: (ms: number) => {
      now += ms
      const due = timers.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)
      for (const timer of due) {
        if (!timers.includes(timer)) continue
        timers = timers.filter((other) => other !== timer)
        timer.run()
      }
    },
    jump: (ms: number) => {
      now += ms
      for (const timer of timers) timer.at += ms
    },
  }
}

/** A client in service, with a heartbeat each minute, and its first connection. */
const awake = async (script: Script = { heard: kind }, options: Options = {}) => {
  const clock = laptop()
  const scene = await victim(script, { heartbeatMs: MINUTE, ...options }, clock)
  const { client, server, until, waits } = scene
  is(await client.send('echo', 'awake'), 'awake')
  await until('a heartbeat to be due', () => waits.includes(MINUTE))
  return { ...scene, clock, first: await server.victim(0) }
}

const pings = (one: Victim) => said(one, '$ping').length

test('it wakes after two hours with a dead socket: what was on its way is TIMEOUT, and it connects once more', async () => {
  const { client, server, clock, first, states } = await awake()
  first.stall()
  const asked = outcomeOf(client.send('slow'))
  clock.advance(2 * HOUR)
  is(await asked, 'TIMEOUT')
  // The heartbeat of the first minute awake is not answered, and what is said before that goes to nobody.
  clock.advance(10_000)
  await outcomeOf(client.send('echo', 'may be lost'))
  is(await outcomeOf(client.send('echo', 'again')), 'again')
  await aWhile()
  ok(server.knocks() <= 3, `${server.knocks()} handshakes`)
  is(states.includes('closed'), false)
})

test('it wakes with a dead socket, and its timers have slept too: it is found out by the next heartbeat', async () => {
  const { client, server, clock, first, until, waits } = await awake()
  first.stall()
  clock.jump(2 * HOUR)
  clock.advance(MINUTE)
  await until('a heartbeat to be waited for', () => waits.includes(10_000))
  clock.advance(10_000)
  await server.victim(1)
  is(await outcomeOf(client.send('echo', 'again')), 'again')
  is(server.knocks(), 2)
})

test('it wakes with a live socket: a heartbeat is answered, and it stays', async () => {
  const { client, server, clock, first, until } = await awake()
  clock.jump(HOUR)
  clock.advance(MINUTE)
  await first.hear('$ping')
  await aWhile()
  clock.advance(10_000)
  is(await outcomeOf(client.send('echo', 'still here')), 'still here')
  await until('the heartbeat to be answered', () => pings(first) === 1)
  equal([server.knocks(), client.state], [1, 'open'])
})

test('it wakes with a live socket after two hours: the connection is replaced once, and nothing is lost', async () => {
  const { client, server, clock, states } = await awake()
  clock.advance(2 * HOUR)
  await server.victim(1)
  for (const data of ['a', 'b', 'c']) is(await outcomeOf(client.send('echo', data)), data)
  await aWhile()
  equal([server.knocks(), states], [2, ['connecting', 'open']])
})

for (const [what, ms] of [
  ['an hour', -HOUR],
  ['a year', -YEAR],
] as const)
  test(`a clock that is set back by ${what} stops no heartbeats, and sets off no flood of timers`, async () => {
    const { clock, first, until, waits } = await awake()
    clock.jump(ms)
    clock.advance(MINUTE)
    await first.hear('$ping')
    await aWhile()
    const before = waits.length
    await aWhile()
    is(waits.length, before)
    for (const wait of waits) ok(wait >= 0 && wait < 2 ** 31, `a wait of ${wait} ms`)
    clock.advance(MINUTE)
    await until('another heartbeat', () => pings(first) === 2)
  })

test('a clock that is set forward by a year asks once, and stays', async () => {
  const { client, server, clock, first } = await awake()
  clock.jump(YEAR)
  clock.advance(MINUTE)
  await first.hear('$ping')
  await aWhile()
  equal([pings(first), server.knocks(), client.state], [1, 1, 'open'])
})

test('it wakes while it waits for another attempt: there is one, at once', async () => {
  const { client, server, clock, first, untilState, until } = await awake(
    { door: (index) => (index === 1 ? 503 : 'open'), heard: kind },
    { random: () => 0.99 },
  )
  first.kill()
  await untilState('waiting')
  await until('a wait for another attempt', () => clock.next() !== undefined)
  clock.advance(2 * HOUR)
  await server.untilKnocks(2)
  await until('another wait', () => clock.next() !== undefined)
  await aWhile()
  is(server.knocks(), 2)
  clock.advance(2 * HOUR)
  is(await outcomeOf(client.send('echo', 'awake')), 'awake')
  is(server.knocks(), 3)
})

test('two hours of a gateway in process at once, while it is idle: both ends have closed, and it is open again', async () => {
  const app = ws()
    .onConnect(() => accept())
    .on('echo', v.string(), ({ data }) => data)
    .build()
  const { client, gateway, pass, settle, end } = begin(app)
  try {
    equal(await outcome(client.send('echo', 'before')), { value: 'before', error: undefined })
    await settle()
    gateway.clock.advance(2 * HOUR)
    await pass(MINUTE)
    const sent = outcome(client.send('echo', 'after'))
    await pass(1_000)
    equal(await sent, { value: 'after', error: undefined })
    is(client.state, 'open')
  } finally {
    await end()
  }
})

test.run()
