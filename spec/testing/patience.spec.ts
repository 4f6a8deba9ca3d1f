import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type TestGateway, testGateway } from 'ws-interlock/testing'
import { rejection } from '../protocol/kit.ts'

const test = suite('waits in vain')

/** What the gateway does each second, and how to have so many pass. Its patience is the one thing that is in real time. */
const { setInterval, clearInterval } = globalThis
const everySecond = new Map<unknown, () => void>()
const seconds = (count: number) => {
  for (let second = 0; second < count; second++) for (const run of [...everySecond.values()]) run()
}
test.before.each(() => {
  globalThis.setInterval = ((run: () => void, ms: number) => {
    if (ms !== 1_000) return setInterval(run, ms)
    const timer = {}
    everySecond.set(timer, run)
    return timer
  }) as typeof setInterval
  globalThis.clearInterval = (timer) => {
    if (!everySecond.delete(timer)) clearInterval(timer)
  }
})

let gateway: TestGateway<typeof handler>
test.after.each(async () => {
  Object.assign(globalThis, { setInterval, clearInterval })
  everySecond.clear()
  await gateway.close()
})

/** Says what it is told to, and to `quiet` nothing. */
const handler = async (event: object) => {
  const { body } = Object(event)
  return { statusCode: 200, ...(!String(body).includes('quiet') && { body }) }
}
const connected = () => {
  gateway = testGateway(handler, { routeResponse: true, seed: 5 })
  return gateway.connect()
}
const END = 'Time stands still here until advance(ms). Seed 5.'
const messageOf = async (failing: Promise<unknown>) => Object(await rejection(failing)).message

for (const [what, wait] of [
  ['a frame', 'next'],
  ["the push 'news'", 'pushed'],
  ["the answer to 'quiet'", 'request'],
] as const)
  test(`${wait}() that has waited for five seconds fails, and takes no frame that comes later`, async () => {
    const peer = await connected()
    const { next, pushed, request } = peer
    const waiting = { next, pushed: () => pushed('news'), request: () => request('quiet') }[wait]()
    await gateway.settled()
    seconds(6)
    assert.is(await messageOf(waiting), `Waited 5 s in vain for ${what}. ${END}`)
    // Fits whoever waits: a push, and the answer to the first request.
    for (const frame of [
      { event: 'news', data: 1 },
      { id: '1', data: 2 },
    ]) {
      peer.send(frame)
      assert.equal(await next(), frame)
    }
  })

test('untilClosed() that has waited for five seconds fails, and one that is begun later resolves', async () => {
  const peer = await connected()
  const waiting = peer.untilClosed()
  seconds(6)
  assert.is(await messageOf(waiting), `Waited 5 s in vain for the end of the connection. ${END}`)
  const again = peer.untilClosed()
  seconds(5)
  peer.close(4000, 'bye')
  seconds(6)
  assert.equal(await again, { code: 4000, reason: 'bye' })
  assert.equal(await peer.untilClosed(), { code: 4000, reason: 'bye' })
})

test.run()
