import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { placesFor } from '../real/places.ts'
import { open as openStore } from '../real/stores.ts'
import { joined, known, type Lobby, left, lobby, on, pushesTo } from './presence-kit.ts'

const test = suite('presence')

/** What every store must give. */
const story = (app: Lobby) =>
  on(app, async (gateway) => {
    const list = () => app.server.channel('lobby').presence.list()
    const bob = await gateway.connect({ query: { user: 'bob' } })
    assert.equal(await list(), [])
    const laptop = await gateway.connect({ query: { user: 'ann' } })
    await laptop.request('track', { name: 'Ann' })
    assert.equal(await bob.next(), joined('ann', 'Ann'))
    assert.equal(await laptop.next(), joined('ann', 'Ann'))
    const phone = await gateway.connect({ query: { user: 'ann' } })
    await phone.request('track', { name: 'Ann' })
    assert.equal(await list(), [{ key: 'ann', meta: { name: 'Ann' }, connections: 2 }])
    laptop.close()
    await bob.pushed('parted')
    assert.equal(await list(), [{ key: 'ann', meta: { name: 'Ann' }, connections: 1 }])
    await phone.request('track', { name: 'Anna' })
    assert.equal(await bob.next(), joined('ann', 'Anna'))
    phone.close()
    await bob.pushed('parted')
    assert.equal(await bob.next(), left('ann'))
    assert.equal(await list(), [])
  })

const ANN = { query: { user: 'ann' } }

const CLAIM = 'who comes is told of once for all of its connections, and who leaves with the last one'
test(CLAIM, () => story(lobby()))

for (const { name, run, place } of placesFor(test))
  run(`${name}: ${CLAIM}`, async () => {
    const { store, end } = openStore(await place())
    try {
      await story(lobby(store))
    } finally {
      end()
    }
  })

test('whoever is nobody is present as its connection, and told of as that', () =>
  on(lobby(), async (gateway) => {
    const bob = await gateway.connect()
    await bob.request('track', { name: 'Bob' })
    assert.equal(await bob.next(), joined(bob.connectionId, 'Bob'))
    assert.equal((await bob.request('who')).data, [{ key: bob.connectionId, meta: { name: 'Bob' }, connections: 1 }])
  }))

test('a second connection of a user is told of to nobody, nor is its end', () =>
  on(lobby(), async (gateway) => {
    const bob = await gateway.connect()
    const [laptop, phone] = [await gateway.connect(ANN), await gateway.connect(ANN)]
    await laptop.request('track', { name: 'Ann' })
    await phone.request('track', { name: 'Ann' })
    await laptop.request('untrack')
    await laptop.request('track', { name: 'Ann' })
    phone.close()
    await bob.pushed('parted')
    assert.equal(pushesTo(bob), [joined('ann', 'Ann')])
  }))

test('what the last of several connections has said holds, until that one is present no more', () =>
  on(lobby(), async (gateway) => {
    const bob = await gateway.connect()
    const [laptop, phone] = [await gateway.connect(ANN), await gateway.connect(ANN)]
    const names = async () => (await bob.request('who')).data?.map(({ meta }) => meta.name)
    await laptop.request('track', { name: 'at work' })
    await phone.request('track', { name: 'out' })
    assert.equal(await names(), ['out'])
    await phone.request('untrack')
    assert.equal(await names(), ['at work'])
    assert.equal(pushesTo(bob), [joined('ann', 'at work'), joined('ann', 'out'), joined('ann', 'at work')])
    assert.equal(known(bob.received), { ann: 'at work' })
  }))

test('who says the same again is not told of again, however late; who says something else is', () =>
  on(lobby(), async (gateway) => {
    const bob = await gateway.connect()
    const ann = await gateway.connect(ANN)
    await ann.request('track', { name: 'Ann' })
    await ann.request('track', { name: 'Ann' })
    await gateway.advance(5 * 60_000)
    await ann.request('track', { name: 'Ann' })
    await ann.request('track', { name: 'Anna' })
    assert.equal(pushesTo(bob), [joined('ann', 'Ann'), joined('ann', 'Anna')])
  }))

test('who was present before it said who it is, is present as that user from then on', () =>
  on(lobby(), async (gateway) => {
    const bob = await gateway.connect()
    const ann = await gateway.connect()
    await ann.request('track', { name: 'Ann' })
    await ann.request('login', 'ann')
    assert.equal((await bob.request('who')).data, [{ key: 'ann', meta: { name: 'Ann' }, connections: 1 }])
    assert.equal(known(bob.received), { ann: 'Ann' })
    await ann.request('login', 'anna')
    assert.equal(known(bob.received), { anna: 'Ann' })
    ann.close()
    await bob.pushed('parted')
    assert.equal(known(bob.received), {})
  }))

test('who leaves the channel is present no more, and need not be told so itself', () =>
  on(lobby(), async (gateway) => {
    const bob = await gateway.connect()
    const ann = await gateway.connect(ANN)
    await ann.request('track', { name: 'Ann' })
    await ann.request('leave')
    assert.equal((await bob.request('who')).data, [])
    assert.equal(pushesTo(bob), [joined('ann', 'Ann'), left('ann')])
    assert.equal(pushesTo(ann), [joined('ann', 'Ann')])
  }))

test('who was not present cannot leave, and nobody is told', () =>
  on(lobby(), async (gateway) => {
    const bob = await gateway.connect()
    const ann = await gateway.connect(ANN)
    await ann.request('untrack')
    await ann.request('leave')
    ann.close()
    await bob.pushed('parted')
    assert.equal(pushesTo(bob), [])
  }))

test('only a member of the channel can be present in it', () =>
  on(lobby(), async (gateway) => {
    const bob = await gateway.connect()
    const eve = await gateway.connect({ query: { out: '' } })
    assert.is((await eve.request('track', { name: 'Eve' })).error?.code, 'PERMISSION_DENIED')
    assert.equal((await bob.request('who')).data, [])
    assert.equal(bob.received.length, 1)
  }))

test('of a connection that was lost without a word those who stay hear with the next push to it', () =>
  on(lobby(), async (gateway) => {
    const [bob, cid] = [await gateway.connect(), await gateway.connect()]
    const ann = await gateway.connect(ANN)
    await ann.request('track', { name: 'Ann' })
    ann.vanish()
    await gateway.advance(60_000)
    await cid.request('track', { name: 'Cid' })
    await gateway.settled()
    assert.equal(known(bob.received), { [cid.connectionId]: 'Cid' })
    assert.equal(
      (await bob.request('who')).data?.map(({ key }) => key),
      [cid.connectionId],
    )
  }))

test.run()
