import { setTimeout as pause } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeId } from 'ws-interlock/testing'
import { codesOf, lambdaWith, latch, peer, wire } from '../kit/wire.ts'
import { placesFor, pool } from './places.ts'
import { application, roomOf } from './soak/app.ts'
import { open, type Place } from './stores.ts'

const test = suite('races on real stores')

const VOTERS = 100
const INSTANCES = 4
const PEERS = 50

/** An instance of the function: a client of its own, and its own clock. */
const instance = (where: Place, { aheadMs = 0, during = async (_: string) => {} } = {}) => {
  const { store, end } = open(where)
  const net = wire()
  const ran: string[] = []
  const app = application({
    store,
    gateway: net.gateway,
    // Whoever waits does so for a fortieth of the time.
    clock: { now: () => Date.now() + aheadMs, wait: (ms) => pause(ms / 40) },
    during: async (state) => {
      ran.push(state)
      await during(state)
    },
    ends: () => {},
  })
  return { store, end, ran, as: (connectionId: string) => peer(app, net, connectionId) }
}

for (const { name, run, place } of placesFor(test)) {
  run(`51. ${name}: of ${VOTERS} messages that want the one step one takes it, by one handler`, async () => {
    const where = await place()
    const id = makeId()
    const all = Array.from({ length: INSTANCES }, () => instance(where))
    const [first] = all
    await first?.as(id).connect()
    const voters = Array.from({ length: VOTERS }, (_, index) => ({ of: all[index % INSTANCES], action: 'auth', index }))
    const frames = await Promise.all(
      voters.map(async ({ of, action, index }) => (await of?.as(id).send({ action, id: `v${index}` }))?.frames ?? []),
    )
    // Sorted by what they are: who took it, those that it is not allowed to any more, those that have waited in vain.
    const told = codesOf(frames.flat().filter((frame) => Object(frame).id))
    assert.is(told.length, VOTERS)
    assert.is(told.filter((code) => typeof code === 'object').length, 1)
    assert.ok(told.every((code) => typeof code === 'object' || REFUSALS.includes(String(code))))
    assert.equal(
      all.flatMap(({ ran }) => ran),
      ['anonymous'],
    )
    const record = await first?.store.records.read(id)
    assert.is(record?.state?.value, 'known')
    assert.is(record?.done?.length, 1)
    for (const { end } of all) end()
  })

  run(
    `55. ${name}: a function that wakes after another took over is told ABORTED, and nothing of it leaves`,
    async () => {
      const where = await place()
      const id = makeId()
      const [begun, thaw] = [latch(), latch()]
      const frozen = instance(where, {
        during: async (state) => {
          if (state !== 'known') return
          begun.open()
          await thaw.passed
        },
      })
      const other = instance(where, { aheadMs: LIFE_MS + SKEW_MS })
      const { connect, send } = frozen.as(id)
      await connect()
      await send({ action: 'auth', id: '1' })
      const joining = send({ action: 'join', id: '2' }, {}, lambdaWith(LIFE_MS))
      await begun.passed
      const told = await other.as(id).send({ action: 'vote', id: '3' }, {}, lambdaWith(LIFE_MS))
      assert.equal(codesOf(told.frames), [
        { event: 'said', data: 'vote' },
        { action: 'vote', id: '3' },
      ])
      thaw.open()
      assert.equal(codesOf((await joining).frames), ['ABORTED'])
      assert.is((await other.store.records.read(id))?.state?.value, 'known')
      assert.not(await other.store.memberships.has(id, roomOf(id)))
      for (const { end } of [frozen, other]) end()
    },
  )

  run(
    `63. ${name}: of a farewell and a join at once the farewell stays: no membership is left, ${PEERS} times`,
    async () => {
      const where = await place()
      const [one, two] = [instance(where), instance(where)]
      const ids = Array.from({ length: PEERS }, () => makeId())
      await pool(ids, 8, async (id, index) => {
        const { connect, send } = one.as(id)
        await connect()
        await send({ action: 'auth', id: '1' })
        const joining = send({ action: 'join', id: '2' })
        // Each a little later than the one before.
        for (let turns = index % 10; turns > 0; turns--) await one.store.records.read(id)
        await Promise.all([joining, two.as(id).disconnect()])
        assert.is((await two.store.records.read(id))?.closed?.by, 'disconnect')
        assert.equal(await two.store.memberships.channels(id), [])
        assert.not(await two.store.memberships.has(id, roomOf(id)))
      })
      for (const { end } of [one, two]) end()
    },
  )
}

/** What whoever came too late is told, and whoever could not wait. */
const REFUSALS = ['FAILED_PRECONDITION', 'UNAVAILABLE']
/** How long a function has to live; and how much longer its claim lasts. */
const LIFE_MS = 10_000
const SKEW_MS = 2_000

test.run()
