import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { blobCases, commitCases, noteCases, shardCases, storeCases } from 'ws-interlock/store/conformance'
import { memory } from 'ws-interlock/store/memory'
import { type FaultOptions, type FaultyStore, faulty, InjectedFault, makeId } from 'ws-interlock/testing'

const test = suite('faulty store')

const record = (version = 1) => ({ version, connectedAt: 0, ttl: 9_999_999_999 })

/** A connection in a good store, and the faulty one around it. */
const around = async (options: FaultOptions) => {
  const good = memory()
  const store = faulty(good, options)
  await good.records.create('a', record())
  const version = async () => (await good.records.read('a'))?.version
  return { good, store, version }
}

/** What a call is rejected with, as a sentence. */
const failure = async (call: Promise<unknown>) => {
  const [{ reason = 'it resolved' } = {}] = (await Promise.allSettled([call])) as { reason?: unknown }[]
  if (!(reason instanceof InjectedFault)) throw new Error(`No injected fault, but: ${reason}`)
  return reason.message
}

test('a lost request is not applied, and rejects', async () => {
  const { store, version } = await around({ seed: 1, lostRequests: 1 })
  assert.is(
    await failure(store.records.replace('a', 1, record(2))),
    "replace('a') did not reach the store (injected, seed 1, call 1).",
  )
  assert.is(await version(), 1)
})

test('a lost answer is that of a write which was applied', async () => {
  const { store, version } = await around({ seed: 1, lostAnswers: 1 })
  assert.match(await failure(store.records.replace('a', 1, record(2))), /^replace\('a'\) reached the store, and its/)
  assert.is(await version(), 2)
})

test('a late write rejects, and is applied before one of the next ten calls', async () => {
  for (let seed = 0; seed < 30; seed++) {
    const { store, version } = await around({ seed, lateWrites: 1, limit: 1 })
    assert.match(await failure(store.records.replace('a', 1, record(2))), /^replace\('a'\) is late/)
    assert.is(await version(), 1)
    const seen: unknown[] = []
    for (let call = 0; call < 10; call++) seen.push((await store.records.read('a'))?.version)
    assert.is(seen.at(-1), 2)
    assert.equal(seen, [...seen].sort())
    assert.is(store.injected.at(-1)?.at, seen.indexOf(2) + 2, `seed ${seed}`)
  }
})

test('a late write that has lost its race by then changes nothing, and one can wait for all of them', async () => {
  const { good, store } = await around({ seed: 1, lateWrites: 1, limit: 1 })
  await failure(store.records.replace('a', 1, record(2)))
  const next = { ...record(2), machine: 'faster' }
  await good.records.replace('a', 1, next)
  await store.land()
  await store.land()
  assert.equal(await good.records.read('a'), next)
  assert.equal(
    store.injected.map(({ fault }) => fault),
    ['late-write', 'landed'],
  )
})

test('a call that is throttled is not applied, be it a write or a read', async () => {
  const { good, store } = await around({ seed: 1, throttling: 1 })
  assert.match(await failure(store.memberships.join('a', 'lobby')), /^join\('a'\) was refused: too many calls/)
  assert.match(await failure(store.memberships.members('lobby')), /^members\('lobby'\) was refused/)
  assert.is(await good.memberships.has('a', 'lobby'), false)
})

test('a conflict is another write, and its loser is handed the record', async () => {
  const { store, version } = await around({ seed: 1, conflicts: 1 })
  assert.equal(await store.records.replace('a', 1, record(7)), { ok: false, current: record(2) })
  assert.is(await version(), 2)
  const changes = { join: ['lobby'], leave: [] }
  assert.equal(await store.commit?.('a', 2, record(7), changes), { ok: false, current: record(3) })
  assert.is(await store.memberships.has('a', 'lobby'), false)
  assert.equal(
    store.injected.map(({ call, fault }) => `${call}: ${fault}`),
    ['replace: conflict', 'commit: conflict'],
  )
})

test('there is no conflict about a version that is no longer stored, and reads are never late', async () => {
  const { store } = await around({ seed: 1, conflicts: 0.5, lateWrites: 0.5 })
  for (let time = 0; time < 20; time++) assert.is((await store.records.read('a'))?.version, 1)
  assert.equal(store.injected, [])
  const other = await around({ seed: 1, conflicts: 1 })
  assert.equal(await other.store.records.replace('a', 9, record(10)), { ok: false, current: record(1) })
  assert.equal(other.store.injected, [])
})

test('faults can be aimed at some calls, and limited', async () => {
  const { store } = await around({ seed: 1, lostRequests: 1, calls: ['has', 'channels'], limit: 2 })
  assert.ok(await store.records.read('a'))
  await failure(store.memberships.has('a', 'lobby'))
  assert.equal((await store.memberships.members('lobby')).connectionIds, [])
  await failure(store.memberships.channels('a'))
  assert.is(await store.memberships.has('a', 'lobby'), false)
})

/** A row of calls of each kind, some of them at once, and what each came to. */
const calls = async (store: FaultyStore) => {
  const { records, memberships, commit } = store
  const outcomes: unknown[] = []
  for (let round = 0; round < 40; round++) {
    const id = `c${round}`
    const row = [
      () => records.create(id, record()),
      () => memberships.join(id, 'lobby'),
      () => records.replace(id, 1, record(2)),
      () => commit?.(id, 2, record(3), { join: ['bar'], leave: ['lobby'] }),
      () => memberships.channels(id),
      () => memberships.members('bar'),
      () => memberships.has(id, 'lobby'),
      () => memberships.leave(id, 'bar'),
      () => records.delete(id),
      () => records.read(id),
    ]
    outcomes.push(...(await Promise.allSettled(row.map((call) => call()))))
  }
  return outcomes
}

test('the same seed gives the same faults and the same answers, and another seed gives others', async () => {
  const run = async (seed: number) => {
    const store = faulty(memory(), { seed })
    return { outcomes: String(JSON.stringify(await calls(store))), injected: store.injected }
  }
  const [first, again, other] = [await run(7), await run(7), await run(8)]
  assert.equal(again, first)
  assert.not.equal(other.injected, first.injected)
  // 2 % of 400 calls for each of five kinds, give or take; not each call can have each.
  assert.ok(first.injected.length > 15 && first.injected.length < 70, String(first.injected.length))
  assert.equal([...new Set(first.injected.map(({ fault }) => fault))].sort(), [
    'conflict',
    'landed',
    'late-write',
    'lost-answer',
    'lost-request',
    'throttled',
  ])
})

test('latency is in turns, which a spec may make what it likes', async () => {
  const waited: number[] = []
  const wait = async (turns: number) => void waited.push(turns)
  await calls(faulty(memory(), { seed: 1, lostAnswers: 0, latency: 4, wait }))
  assert.equal([...new Set(waited)].sort(), [1, 2, 3, 4])
  waited.length = 0
  await calls(faulty(memory(), { seed: 1, lostAnswers: 0, latency: 0, wait }))
  assert.equal(waited, [])
})

for (const { claim, check } of [...storeCases, ...commitCases, ...noteCases, ...shardCases, ...blobCases])
  test(`without a chance of a fault it is a store as any other: ${claim}`, () =>
    check(faulty(memory(), { seed: 3, lostAnswers: 0 })))

test('what a store lacks it lacks behind faults too', () => {
  const { commit: _, blobs: __, memberships, ...rest } = memory()
  const { note, shards, grow, ...fewer } = memberships
  const store = faulty({ ...rest, memberships: fewer }, { seed: 1 })
  assert.equal([store.commit, store.blobs], [undefined, undefined])
  assert.equal(Object.keys(store.memberships).sort(), ['channels', 'has', 'join', 'leave', 'members'])
})

test('notes, shards and texts have faults as well', async () => {
  const { good, store } = await around({ seed: 1, lostAnswers: 1 })
  const { memberships, blobs } = store
  assert.match(await failure(memberships.join('a', 'lobby', 'here')), "join('a') reached the store")
  assert.is(await good.memberships.note?.('a', 'lobby'), 'here')
  for (const [call, says] of [
    [() => memberships.note?.('a', 'lobby'), "note('a') reached"],
    [() => memberships.shards?.('lobby'), "shards('lobby') reached"],
    [() => memberships.grow?.('lobby', 4), "grow('lobby') reached"],
    [() => blobs?.put('said', 'text', 60), "put('said') reached"],
    [() => blobs?.claim('done', 60), "claim('done') reached"],
    [() => blobs?.get('said'), "get('said') reached"],
  ] as const)
    assert.match(await failure(Promise.resolve(call())), says)
  assert.is(await good.memberships.shards?.('lobby'), 4)
  assert.equal([await good.blobs?.get('said'), await good.blobs?.get('done')], ['text', ''])
})

test('a text and a growth may come late', async () => {
  const { good, store } = await around({ seed: 1, lateWrites: 1, limit: 2 })
  await failure(Promise.resolve(store.memberships.grow?.('lobby', 4)))
  await failure(Promise.resolve(store.blobs?.put('said', 'text', 60)))
  await store.land()
  assert.is(await good.memberships.shards?.('lobby'), 4)
  assert.is(await good.blobs?.get('said'), 'text')
})

test('whatever fails, a read that is answered is never older than a write that was', async () => {
  for (let seed = 0; seed < 200; seed++) {
    const good = memory()
    const store = faulty(good, { seed, lostRequests: 0.1, lostAnswers: 0.1, lateWrites: 0.1, conflicts: 0.1 })
    const id = makeId()
    await good.records.create(id, record())
    let newest = 1
    const write = async () => {
      for (let time = 0; time < 10; time++) {
        const version = newest
        const result = await store.records.replace(id, version, record(version + 1)).catch(() => undefined)
        if (result) newest = Math.max(newest, result.ok ? version + 1 : Number(result.current?.version))
      }
    }
    const read = async () => {
      for (let time = 0; time < 20; time++) {
        const least = newest
        const seen = await store.records.read(id).catch(() => undefined)
        if (seen) assert.ok(seen.version >= least, `seed ${seed}: ${JSON.stringify(store.injected)}`)
        newest = Math.max(newest, seen?.version ?? 0)
      }
    }
    await Promise.all([write(), write(), read(), read()])
  }
})

test('what is no chance is refused with a sentence', () => {
  const refusal = (chances: Partial<FaultOptions>) => {
    try {
      faulty(memory(), { seed: 1, ...chances })
    } catch (error) {
      return String(error)
    }
    return undefined
  }
  assert.is(refusal({ conflicts: 2 }), 'RangeError: faulty(): conflicts is 2, and a chance is 0 to 1.')
  assert.is(refusal({ lateWrites: Number.NaN }), 'RangeError: faulty(): lateWrites is NaN, and a chance is 0 to 1.')
  assert.is(
    refusal({ lostAnswers: 0.75, throttling: 0.5 }),
    'RangeError: faulty(): the chances add up to 1.25. A call has one fault: 1 is the most.',
  )
  assert.is(refusal({ lostAnswers: 0.7, throttling: 0.2, conflicts: 0.1 }), undefined)
})

test('what is no store, no seed, no such chance or no such call is refused at once', () => {
  for (const [store, options, says] of [
    [{}, { seed: 1 }, 'A function is missing in faulty(store): create, read, replace, delete.'],
    [memory(), undefined, 'An object is missing in faulty().'],
    [memory(), {}, 'A number is missing in faulty(store, { seed }).'],
    [memory(), { seed: 1, lostanswers: 1 }, "faulty() has no such option. ('lostanswers' in faulty()"],
    [memory(), { seed: 1, calls: ['reed'] }, 'A store has no such call; it has create, read,'],
  ] as const)
    assert.throws(
      () => faulty(store as never, options as never),
      (error: Error) => error instanceof TypeError && error.message.startsWith(says),
      says,
    )
})

test.run()
