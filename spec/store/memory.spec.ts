import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { blobCases, commitCases, noteCases, shardCases, storeCases } from 'ws-interlock/store/conformance'
import { memory } from 'ws-interlock/store/memory'

const test = suite('memory store')

const cases = [...storeCases, ...commitCases, ...noteCases, ...shardCases, ...blobCases]

for (const { claim, check } of cases) test(claim, () => check(memory()))

test('every case holds in one store that they share', async () => {
  const shared = memory()
  await Promise.all(cases.map(({ check }) => check(shared)))
})

const record = { version: 1, connectedAt: 0, ttl: 100 }

test('two stores know nothing of each other', async () => {
  const [one, other] = [memory({ now: () => 0 }), memory({ now: () => 0 })]
  await one.records.create('a', record)
  await one.memberships.join('a', 'lobby')
  assert.is(await other.records.read('a'), undefined)
  assert.equal(await other.memberships.members('lobby'), { connectionIds: [] })
})

test('a record is there until its time, and not a millisecond longer', async () => {
  let now = 99_999
  const { records } = memory({ now: () => now })
  await records.create('a', record)
  assert.ok(await records.read('a'))
  now = 100_000
  assert.is(await records.read('a'), undefined)
})

test('a connection whose time is over is swept out of its channels when another one comes', async () => {
  let now = 0
  const { records, memberships } = memory({ now: () => now })
  await records.create('a', record)
  await memberships.join('a', 'lobby')
  now = 200_000
  await records.create('b', { ...record, ttl: 1_000 })
  await memberships.join('b', 'lobby')
  assert.equal(await memberships.members('lobby'), { connectionIds: ['b'] })
  assert.equal(await memberships.channels('a'), [])
})

test('a connection whose time is over is in no channel, also where no other one comes', async () => {
  let now = 99_999
  const { records, memberships } = memory({ now: () => now })
  await records.create('a', record)
  await memberships.join('a', 'lobby')
  assert.equal(await memberships.members('lobby'), { connectionIds: ['a'] })
  assert.is(await memberships.has('a', 'lobby'), true)
  now = 100_000
  assert.equal(await memberships.members('lobby'), { connectionIds: [] })
  assert.is(await memberships.has('a', 'lobby'), false)
})

test.run()
