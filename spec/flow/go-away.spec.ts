import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, ws } from 'ws-interlock'
import { testGateway } from 'ws-interlock/testing'

const test = suite('flow: going away')

const app = ws()
  .onConnect(() => accept())
  .on('echo', () => 'still here')
  .build()

test('a client is asked to open another connection, and this one stays open', async () => {
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  const { goAway } = app.server.connection(ann.connectionId)
  assert.is(await goAway(), true)
  assert.equal(await ann.next(), {
    event: '$bye',
    data: { code: 'GOING_AWAY', message: 'Open another connection, then close this one.' },
  })
  assert.is(await goAway('A new version is out.'), true)
  assert.equal(await ann.next(), { event: '$bye', data: { code: 'GOING_AWAY', message: 'A new version is out.' } })
  assert.is((await ann.request('echo')).data, 'still here')
  await gateway.close()
})

test('one that is gone needs not be asked', async () => {
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  ann.close()
  await gateway.settled()
  assert.is(await app.server.connection(ann.connectionId).goAway(), false)
  await gateway.close()
})

test.run()
