import middy from '@middy/core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { echo, handshake, lambda, message } from './kit.ts'

const test = suite('Middy around the handler')

test('a message is answered, and the middlewares see the event and the answer', async () => {
  const { app, taken } = echo()
  const seen: unknown[] = []
  const handler = middy(app)
    .before(({ event }) => void seen.push(event.requestContext.eventType))
    .after(({ response }) => void seen.push(response?.statusCode))
  assert.equal(await handler(message(), lambda), { statusCode: 200 })
  assert.equal(taken(), [{ action: 'echo', data: 'echo' }])
  assert.equal(seen, ['MESSAGE', 200])
})

test('a handshake is answered with the status of the upgrade', async () => {
  const { app } = echo()
  assert.equal(await middy(app)(handshake(), lambda), { statusCode: 200 })
})

test('a handler that fails is an answer to the peer, and no error of the function', async () => {
  const { app, taken } = echo()
  let failed = false
  const handler = middy(app).onError(() => {
    failed = true
  })
  assert.equal(await handler(message('fail'), lambda), { statusCode: 200 })
  assert.equal(taken(), [{ action: 'fail', error: { code: 'INTERNAL', message: 'Internal error' } }])
  assert.not(failed)
})

test('a middleware that answers early keeps the message from the application', async () => {
  const { app, taken } = echo()
  const handler = middy(app).before(() => ({ statusCode: 200, body: 'warm' }))
  assert.equal(await handler(message(), lambda), { statusCode: 200, body: 'warm' })
  assert.equal(taken(), [])
})

test.run()
