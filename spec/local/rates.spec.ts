import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bucket } from '../../lib/local/rates.ts'
import { closeAll, connect, fakeClock, knock, local, ok } from '../kit/local.ts'

const test = suite('local quotas')
test.after.each(closeAll)

const timed = (start: number) => {
  let at = start
  return {
    now: () => at,
    set: (ms: number) => {
      at = ms
    },
  }
}

/** As large as the time of today: what is lost there to rounding is not lost near 0. */
const TODAY = Date.UTC(2026, 0, 1)

test('no window of time lets more through than the burst and what comes in meanwhile', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.boolean()), { maxLength: 300 })
  const start = fc.constantFrom(0, TODAY)
  const perSecond = fc.integer({ min: 1, max: 50 })
  const burst = fc.integer({ min: 1, max: 20 })
  fc.assert(
    fc.property(start, perSecond, burst, steps, (start, perSecond, burst, steps) => {
      const clock = timed(start)
      const { take } = bucket({ perSecond, burst }, clock)
      // Time that really goes by, beside a clock that some steps set back.
      let elapsed = 0
      const taken: number[] = []
      for (const [ms, isBack] of steps) {
        clock.set(clock.now() + (isBack ? -ms : ms))
        elapsed += isBack ? 0 : ms
        if (take()) taken.push(elapsed)
      }
      for (const [first, from] of taken.entries())
        for (const [last, to] of taken.entries())
          if (last >= first && last - first + 1 > burst + (perSecond * (to - from)) / 1_000 + 1e-6) return false
      return true
    }),
    { seed: 4 },
  )
})

test('as many pass as the rate allows, to the one, however long it lasts and whatever the rate', () => {
  for (const perSecond of [1, 3, 7, 500, 10_000]) {
    const clock = timed(TODAY)
    const burst = Math.max(1, perSecond / 2)
    const { take } = bucket({ perSecond, burst }, clock)
    let taken = 0
    const seconds = 600
    for (let ms = 0; ms <= seconds * 1_000; ms += 10) {
      clock.set(TODAY + ms)
      while (take()) taken++
    }
    assert.is(taken, Math.floor(burst + perSecond * seconds), `${perSecond} in a second`)
  }
})

test('a whole day at its rate lets every one through', () => {
  const clock = timed(TODAY)
  // Of two, since what comes a millisecond late must not find a bucket that ran over meanwhile.
  const { take } = bucket({ perSecond: 3, burst: 2 }, clock)
  for (let count = 0; count < 3 * 86_400; count++) {
    // The first whole millisecond in which it may.
    clock.set(TODAY + Math.ceil((count * 1_000) / 3))
    if (!take()) assert.unreachable(`${count} was refused`)
  }
})

test('a rate below one in a second is kept as well', () => {
  const clock = timed(TODAY)
  const { take } = bucket({ perSecond: 0.1, burst: 1 }, clock)
  assert.is(take(), true)
  for (let ms = 1; ms < 10_000; ms++) {
    clock.set(TODAY + ms)
    if (take()) assert.unreachable(`one more after ${ms} ms`)
  }
  clock.set(TODAY + 10_000)
  assert.is(take(), true)
})

test('a clock that goes back leaves in it what is there, and it fills from there', () => {
  const clock = timed(1_000_000)
  const { take } = bucket({ perSecond: 1, burst: 3 }, clock)
  assert.equal([take(), take()], [true, true])
  clock.set(0)
  assert.equal([take(), take()], [true, false])
  clock.set(1_000)
  assert.equal([take(), take()], [true, false])
})

test('connectsPerSecond: more new connections in a second are refused with 429', async () => {
  const clock = fakeClock()
  const { url } = await local(ok, { clock, connectsPerSecond: 2 })
  const statuses = []
  for (let count = 0; count < 3; count++) {
    const { status, socket } = await knock(url)
    socket?.destroy()
    statuses.push(status)
  }
  clock.advance(500)
  const { status, socket } = await knock(url)
  socket?.destroy()
  assert.equal([...statuses, status], [101, 101, 429, 101])
})

test('requestsPerSecond: a message too many is answered with an error frame, a call of @connections with 429', async () => {
  const clock = fakeClock()
  const gateway = await local(ok, { clock, requestsPerSecond: 2 })
  const client = await connect(gateway.url)
  const { requestContext } = await gateway.next('CONNECT')
  client.send('first')
  await gateway.next('MESSAGE')
  client.send('second')
  const frame = JSON.parse(await client.next())
  assert.equal(Object.keys(frame), ['message', 'connectionId', 'requestId'])
  assert.is(frame.message, 'Too Many Requests')
  const place = `${gateway.endpoint}/@connections/${encodeURIComponent(requestContext.connectionId)}`
  const answer = await fetch(place, { method: 'POST', body: 'x' })
  assert.is(answer.status, 429)
  assert.is(answer.headers.get('x-amzn-errortype'), 'LimitExceededException')
  clock.advance(1_000)
  assert.is((await fetch(place, { method: 'POST', body: 'x' })).status, 200)
  client.socket.terminate()
})

test('requestsPerSecond: half as many may come at once', async () => {
  const clock = fakeClock()
  const { endpoint } = await local(ok, { clock, requestsPerSecond: 8 })
  const ask = async () => (await fetch(`${endpoint}/@connections/AAAAAAAAAAAAAAA%3D`)).status
  const statuses: number[] = []
  for (let count = 0; count < 5; count++) statuses.push(await ask())
  assert.equal(statuses, [410, 410, 410, 410, 429])
})

test.run()
