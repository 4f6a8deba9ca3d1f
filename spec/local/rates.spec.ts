import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bucket } from '../../lib/local/rates.ts'
import { closeAll, connect, fakeClock, knock, local, ok } from '../kit/local.ts'

const test = suite('local quotas')
test.after.each(closeAll)

const timed = () => {
  let at = 0
  return {
    now: () => at,
    set: (ms: number) => {
      at = ms
    },
  }
}

test('no window of time lets more through than the burst and what comes in meanwhile', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), steps, (perSecond, burst, waits) => {
      const clock = timed()
      const { take } = bucket({ perSecond, burst }, clock)
      const taken: number[] = []
      for (const wait of waits) {
        clock.set(clock.now() + wait)
        if (take()) taken.push(clock.now())
      }
      for (const [first, from] of taken.entries())
        for (const [last, to] of taken.entries())
          if (last >= first && last - first + 1 > burst + (perSecond * (to - from)) / 1_000 + 1e-6) return false
      return true
    }),
    { seed: 4 },
  )
})

test('a whole day at its rate lets every one through', () => {
  const clock = timed()
  const { take } = bucket({ perSecond: 3, burst: 1 }, clock)
  for (let count = 0; count < 3 * 3_600; count++) {
    clock.set(count * (1_000 / 3))
    assert.ok(take(), String(count))
  }
})

test('a clock that goes back leaves it empty, and it fills from there', () => {
  const clock = timed()
  const { take } = bucket({ perSecond: 1, burst: 2 }, clock)
  clock.set(1_000_000)
  assert.equal([take(), take(), take()], [true, true, false])
  clock.set(0)
  assert.is(take(), false)
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
