import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wire } from '../kit/wire.ts'
import { room } from './kit.ts'

const test = suite('delivery to a channel')

test('five hundred members are reached, fifty at a time', async () => {
  const net = wire()
  let flying = 0
  let most = 0
  const { enter, app } = room({
    ...net.gateway,
    post: async (connectionId, body) => {
      most = Math.max(most, ++flying)
      await new Promise(setImmediate)
      flying--
      return net.gateway.post(connectionId, body)
    },
  })
  for (let count = 0; count < 500; count++) await enter()
  assert.equal(await app.server.channel('lobby').broadcast('said', { text: 'hi' }), {
    delivered: 500,
    gone: 0,
    throttled: 0,
    failed: 0,
    deferred: 0,
  })
  assert.is(most, 50)
  assert.is(net.posts(), 500)
})

test('one member that cannot be reached fails alone', async () => {
  const net = wire()
  const { error } = console
  const log: unknown[] = []
  const deaf = new Set<string>()
  const { enter, app } = room({
    ...net.gateway,
    post: async (connectionId, body) => {
      if (deaf.has(connectionId)) throw new Error('socket hang up')
      return net.gateway.post(connectionId, body)
    },
  })
  const [ann] = [await enter(), await enter()]
  deaf.add(ann.connectionId)
  console.error = (line) => log.push(line)
  const sent = await app.server.channel('lobby').broadcast('said', { text: 'hi' })
  console.error = error
  assert.equal(sent, { delivered: 1, gone: 0, throttled: 0, failed: 1, deferred: 0 })
  assert.is(log.length, 1)
})

test.run()
