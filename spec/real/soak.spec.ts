import { setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { inTurns } from '../kit/wire.ts'
import { once, placesFor } from './places.ts'
import { type Result, type Soak, soak } from './soak/soak.ts'
import { open } from './stores.ts'

const test = suite('soak')

/** Another one may be chosen: `SEED=7 npm test -- soak`. */
const SEED = Number(process.env.SEED ?? 1)
const CONNECTIONS = 500
const INSTANCES = 4
/** Enough that the instances are never idle. */
const WIDTH = 32
/** What a message can come to, in the words of the design: ok, gone, rejected, fenced, busy, duplicate, failed. */
const OUTCOMES = [
  'OK',
  'gone',
  'FAILED_PRECONDITION',
  'ABORTED',
  'UNAVAILABLE',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
] as const

const print = (name: string, { violations, outcomes }: Result) =>
  console.log(
    `\n${name}: ${CONNECTIONS} connections, seed ${SEED}, ${violations.length} violations; told`,
    OUTCOMES.map((code) => `${outcomes.get(code) ?? 0} ${code}`).join(', '),
  )

const every = ({ outcomes }: Result) => OUTCOMES.filter((code) => !outcomes.has(code))

for (const { name, run, place } of placesFor(test)) {
  const soaked = once(async () => {
    const where = await place()
    const opened = Array.from({ length: INSTANCES }, () => open(where))
    const stores = opened.map(({ store }) => store) as unknown as Soak['stores'] // There are four.
    const result = await soak({ stores, connections: CONNECTIONS, width: WIDTH, seed: SEED })
    for (const { end } of opened) end()
    print(name, result)
    return result
  })

  run(
    `51, 55, 63. ${name}: of ${CONNECTIONS} connections with all messages in flight at once, frozen functions, repetitions and farewells, each follows its machine, and each is told the truth`,
    async () => assert.equal((await soaked()).violations, []),
  )

  run(`${name}: all that a message can come to has come`, async () => assert.equal(every(await soaked()), []))
}

/** A little of the same in this process. A call takes a while, as if there were a network, and `weaken` spoils the store. */
const inMemory = (connections: number, weaken: (store: Store) => Store) => {
  const store = inTurns(weaken(inTurns(memory(), () => turn())), () => turn())
  return soak({ stores: [store, store, store, store], connections, width: 20, seed: SEED })
}

const has = ({ violations }: Result, part: string) => violations.some((violation) => violation.includes(part))

test('a store that does what it promises passes', async () => {
  const result = await inMemory(100, (store) => store)
  assert.equal(result.violations, [])
  assert.equal(every(result), [])
})

test('so does one that cannot store memberships with a state', async () => {
  // `undefined` is what a store without `commit` has there, and the type has no word for it.
  const result = await inMemory(100, (store) => ({ ...store, commit: undefined }) as unknown as Store)
  assert.equal(result.violations, [])
})

test('a store whose replace ignores the version does not: handlers overlap, and what was told is lost', async () => {
  const result = await inMemory(300, (store) => ({
    ...store,
    records: {
      ...store.records,
      replace: async (id, version, next) => {
        const current = await store.records.read(id)
        return store.records.replace(id, current?.version ?? version, next)
      },
    },
  }))
  assert.ok(has(result, 'ran beside'))
  assert.ok(has(result, 'pushed what it did not commit'))
})

test('a store that loses a tombstone does not: a message runs after the end', async () => {
  const result = await inMemory(100, (store) => ({
    ...store,
    records: {
      ...store.records,
      replace: async (id, version, next) => (next.closed ? { ok: true } : store.records.replace(id, version, next)),
    },
  }))
  assert.ok(has(result, 'after the end'))
})

test('a store that forgets to leave does not: a peer is in the room after its end', async () => {
  const result = await inMemory(100, (store) => ({
    ...store,
    memberships: { ...store.memberships, leave: async () => {} },
  }))
  assert.ok(has(result, 'it is in the room after its end'))
})

test.run()
