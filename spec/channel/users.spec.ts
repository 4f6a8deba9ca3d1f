import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { fakeClock, type TestGateway, testGateway } from 'ws-interlock/testing'
import { placesFor } from '../real/places.ts'
import { open as openStore } from '../real/stores.ts'
import { listed, said } from './kit.ts'

const test = suite('users')

/** An application that knows whose each connection is, from the handshake or from a message. */
const known = (store: Store = memory()) =>
  ws({ warn: () => {} })
    .store(store)
    .connection(v.object({}))
    .pushes({ said: v.object({ text: v.string() }) })
    .onConnect(async ({ query, connection }) => {
      const user = query.get('user')
      if (user) await connection.identify(user)
      return accept()
    })
    .on('login', v.string(), ({ data, connection }) => connection.identify(data))
    .on('who', ({ connection }) => connection.userId ?? 'nobody')
    .build()
type Known = ReturnType<typeof known>

const on = async (app: Known, story: (gateway: TestGateway<Known>) => Promise<void>) => {
  // Real stores know what time it is.
  const gateway = testGateway(app, { clock: fakeClock(Date.now()) })
  try {
    await story(gateway)
  } finally {
    await gateway.close()
  }
}

/** What every store must give. */
const story = (app: Known) =>
  on(app, async (gateway) => {
    const laptop = await gateway.connect({ query: { user: 'ann' } })
    const phone = await gateway.connect()
    const bob = await gateway.connect({ query: { user: 'bob' } })
    await phone.request('login', 'ann')
    assert.is((await phone.request('who')).data, 'ann')
    const ann = app.server.user('ann')
    assert.equal((await listed(ann.connections())).sort(), [laptop.connectionId, phone.connectionId].sort())
    const sent = await ann.push('said', { text: 'hello' })
    assert.is(sent.delivered, 2)
    assert.equal([await laptop.next(), await phone.next()], [said('hello'), said('hello')])
    laptop.close()
    await laptop.untilClosed()
    // A store of another process takes its time to hear of it.
    for (let turns = 0; turns < 20 && (await listed(ann.connections())).length > 1; turns++)
      await gateway.advance(1_000)
    assert.equal(await listed(ann.connections()), [phone.connectionId])
    assert.is(await ann.disconnect('Signed out.'), 1)
    assert.equal(await phone.next(), { event: '$bye', data: { code: 'OK', message: 'Signed out.' } })
    assert.is((await phone.untilClosed()).code, 1000)
    assert.equal(bob.received, [])
    assert.is((await bob.request('who')).data, 'bob')
  })

test('a user is reached on every connection that is its own, told why, and disconnected', () => story(known()))

for (const { name, run, place } of placesFor(test))
  run(`${name}: a user is reached on every connection that is its own, told why, and disconnected`, async () => {
    const { store, end } = openStore(await place())
    try {
      await story(known(store))
    } finally {
      end()
    }
  })

test('whoever is another user from now on is reached as that one alone', () => {
  const app = known()
  return on(app, async (gateway) => {
    const one = await gateway.connect({ query: { user: 'ann' } })
    await one.request('login', 'bob')
    await one.request('login', 'bob')
    assert.equal(await listed(app.server.user('ann').connections()), [])
    assert.equal(await listed(app.server.user('bob').connections()), [one.connectionId])
  })
})

test('a user who is not there is nobody to reach, and nobody to disconnect', () => {
  const app = known()
  return on(app, async () => {
    assert.equal(await app.server.user('carol').push('said', { text: 'hello' }), {
      delivered: 0,
      gone: 0,
      throttled: 0,
      failed: 0,
      deferred: 0,
    })
    assert.is(await app.server.user('carol').disconnect(), 0)
  })
})

test('the id of a user is text that every store keeps as it is, and no other is taken', () =>
  on(known(), async (gateway) => {
    const one = await gateway.connect()
    for (const id of ['', 'x'.repeat(129), 'a\u0001b'])
      assert.ok(['INVALID_ARGUMENT'].includes((await one.request('login', id)).error?.code ?? ''), JSON.stringify(id))
    assert.is((await one.request('who')).data, 'nobody')
  }))

test('a user and a channel of one name are two', () => {
  const app = known()
  return on(app, async (gateway) => {
    await gateway.connect({ query: { user: 'lobby' } })
    assert.equal(await listed(app.server.channel('lobby').members()), [])
  })
})

test.run()
