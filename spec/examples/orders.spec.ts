import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { testGateway } from 'ws-interlock/testing'
import { desk, orders, shipFromDesk } from '../../examples/orders/server.ts'
import { onOrder } from '../../examples/orders/warehouse.ts'

const test = suite('examples/orders')
test.before.each(() => {
  desk.entries.length = 0
})

const tea = { order: 'tea-1', item: 'tea', quantity: 3, price: 4.35 }
const event = (detail: unknown) =>
  ({ 'detail-type': 'OrderPlaced', source: 'shop', detail }) as Parameters<typeof onOrder>[0] // As far as it is read.

test('an order is published in the shape that billing wants, and answered when the warehouse accepts it', async () => {
  const gateway = testGateway(orders)
  try {
    const ann = await gateway.connect()
    const asking = ann.request('order', tea)
    await gateway.settled()
    const [{ correlation, ...detail }] = desk.entries.map((entry) => entry.detail) as [{ correlation: string }]
    assert.is(desk.entries[0]?.detailType, 'OrderPlaced')
    assert.equal(detail, {
      orderId: 'tea-1',
      lines: [{ item: 'tea', quantity: 3 }],
      amount: { cents: 1305, currency: 'EUR' },
      placedBy: ann.connectionId,
    })
    await onOrder(event({ ...detail, correlation }))
    assert.equal((await asking).data, { order: 'tea-1', packages: 1 })
    assert.equal(ann.received[0], { action: 'order', id: '1', progress: { state: 'packed' } })
  } finally {
    await gateway.close()
  }
})

test('the warehouse of a laptop accepts what waits at its desk, once, for whoever is still there', async () => {
  const gateway = testGateway(orders)
  try {
    const [ann, bob] = [await gateway.connect(), await gateway.connect()]
    const asking = ann.request('order', tea)
    bob.send({ action: 'order', id: '1', data: { ...tea, order: 'tea-2' } })
    await gateway.settled()
    bob.close(1000)
    await gateway.settled()
    assert.is(await shipFromDesk('tea-1'), "'tea-1' is on its way.")
    assert.equal((await asking).data, { order: 'tea-1', packages: 1 })
    assert.is(await shipFromDesk('tea-1'), "No order 'tea-1' waits.")
    assert.is(await shipFromDesk('tea-2'), "Whoever ordered 'tea-2' is gone.")
  } finally {
    await gateway.close()
  }
})

test('an order without an id is refused, since nobody could tell its answer apart, and the warehouse is not bothered', async () => {
  const gateway = testGateway(orders)
  try {
    const ann = await gateway.connect()
    ann.send({ action: 'order', data: tea })
    const { error } = Object(await ann.next())
    assert.match(error.message, 'needs an id')
    assert.equal(desk.entries, [])
  } finally {
    await gateway.close()
  }
})

test('an order that is none is refused, and nothing is published', async () => {
  const gateway = testGateway(orders)
  try {
    const ann = await gateway.connect()
    const { error } = await ann.request('order', { ...tea, quantity: 0 })
    assert.is(error?.code, 'INVALID_ARGUMENT')
    assert.equal(desk.entries, [])
  } finally {
    await gateway.close()
  }
})

test.run()
