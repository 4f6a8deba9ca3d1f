import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testGateway } from 'ws-interlock/testing'
import { onEvent, onRequest } from '../../examples/ticker/feed.ts'
import { ticker } from '../../examples/ticker/server.ts'

const test = suite('examples/ticker')

const price = (symbol: string, price: unknown) => ({ symbol, price })
const event = (detail: unknown) =>
  ({ 'detail-type': 'Price', source: 'exchange', detail }) as Parameters<typeof onEvent>[0] // As far as it is read.
const request = (body: unknown) => ({ body: JSON.stringify(body) }) as Parameters<typeof onRequest>[0] // As far as it is read.

test('a price that an event brings reaches whoever watches its symbol, and nobody else', async () => {
  const gateway = testGateway(ticker)
  try {
    const [ann, bob] = [await gateway.connect(), await gateway.connect()]
    await ann.request('watch', { symbol: 'ACME' })
    await bob.request('watch', { symbol: 'BOLT' })
    await onEvent(event(price('ACME', 12.5)))
    assert.equal(await ann.pushed('price'), price('ACME', 12.5))
    await ann.request('unwatch', { symbol: 'ACME' })
    await onEvent(event(price('ACME', 13)))
    await onEvent(event(price('BOLT', 7)))
    assert.equal(await bob.pushed('price'), price('BOLT', 7))
    assert.is(ann.received.filter((frame) => Object(frame).event === 'price').length, 1)
  } finally {
    await gateway.close()
  }
})

test('an HTTP request is answered with what became of its price, and a wrong one with what is wrong', async () => {
  const gateway = testGateway(ticker)
  try {
    const ann = await gateway.connect()
    await ann.request('watch', { symbol: 'ACME' })
    const { statusCode, body } = await onRequest(request(price('ACME', 12.5)))
    assert.is(statusCode, 200)
    assert.equal(JSON.parse(body ?? ''), { delivered: 1, gone: 0, throttled: 0, failed: 0, deferred: 0 })
    assert.equal(await onRequest(request(price('acme', 12.5))), { statusCode: 400, body: 'a symbol is 1 to 8 of A-Z' })
  } finally {
    await gateway.close()
  }
})

test.run()
