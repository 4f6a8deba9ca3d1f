import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { InjectedFault } from 'ws-interlock/testing'
import { type Faults, poll, type Setting } from './poll.ts'

const test = suite('promises of a protocol whose store has faults')

/** What the peer is told of one message, and how often its handler ran. */
const once = async (faults: Faults) => {
  const one = await poll({ seed: 1, faults })
  await one.shaky('vote', 'a')
  return { ...one, code: one.told().get('a'), stored: await one.votes() }
}

for (const kind of ['lostRequests', 'lostAnswers', 'throttling'] as const)
  test(`69. a read that fails (${kind}) is UNAVAILABLE to the peer, and no handler runs`, async () => {
    const { code, ran, stored, reported } = await once({ [kind]: 1, calls: ['read'] })
    assert.is(code, 'UNAVAILABLE')
    assert.equal([ran, stored], [[], []])
    assert.ok((reported[0] as { cause?: unknown }).cause instanceof InjectedFault)
  })

test('70. a claim that was applied and whose answer was lost is recognised, and its handler runs once', async () => {
  for (const limit of [1, 2]) {
    const { code, ran, stored, store } = await once({ lostAnswers: 1, calls: ['replace'], limit })
    assert.is(code, 'OK')
    assert.equal([ran, stored], [['a'], ['a']])
    assert.is(store.injected.length, limit)
  }
})

test('70. a claim that nobody could be sure of is UNAVAILABLE, no handler runs, and its time ends by itself', async () => {
  const { code, ran, calm, told, advance, stored } = await once({ lostAnswers: 1, calls: ['replace'], limit: 3 })
  assert.is(code, 'UNAVAILABLE')
  assert.equal([ran, stored], [[], []])
  await calm('vote', 'b')
  assert.is(told().get('b'), 'UNAVAILABLE')
  advance(32_000)
  await calm('vote', 'a')
  assert.is(told().get('a'), 'OK')
  assert.equal(ran, ['a'])
})

test('71. a commit that was applied and whose answer was lost is told as OK, once, and applied once', async () => {
  for (const limit of [1, 2]) {
    const { code, ran, stored, channels } = await once({ lostAnswers: 1, calls: ['commit'], limit })
    assert.is(code, 'OK')
    assert.equal([ran, stored, await channels()], [['a'], ['a'], ['a']])
  }
})

test('72. a commit that never reached the store is UNKNOWN, and the same id runs once more', async () => {
  const one = await once({ lostRequests: 1, calls: ['commit'], limit: 3 })
  assert.is(one.code, 'UNKNOWN')
  assert.equal([one.ran, one.stored, await one.channels()], [['a'], [], ['lobby']])
  one.advance(32_000)
  await one.calm('vote', 'a')
  assert.is(one.told().get('a'), 'OK')
  assert.equal([one.ran, await one.votes(), await one.channels()], [['a', 'a'], ['a'], ['a']])
})

test('72. a commit that was applied, or lands late, is UNKNOWN, and the same id does not run again', async () => {
  for (const kind of ['lostAnswers', 'lateWrites']) {
    const one = await once({ [kind]: 1, calls: ['commit'], limit: 3 })
    assert.is(one.code, 'UNKNOWN')
    await one.store.land()
    one.advance(32_000)
    await one.calm('vote', 'a')
    assert.is(one.told().get('a'), 'ALREADY_EXISTS')
    assert.equal([one.ran, await one.votes(), await one.channels()], [['a'], ['a'], ['a']])
  }
})

test('72. a commit that lands after another message has taken over changes nothing', async () => {
  const one = await once({ lateWrites: 1, calls: ['commit'], limit: 3 })
  one.advance(32_000)
  await one.calm('vote', 'b')
  await one.store.land()
  assert.equal([await one.votes(), await one.channels()], [['b'], ['b']])
})

test('73. a write that is throttled once or twice is tried again, and the peer is told OK', async () => {
  for (const limit of [1, 2]) {
    const { code, ran, stored } = await once({ throttling: 1, calls: ['replace', 'commit'], limit })
    assert.is(code, 'OK')
    assert.equal([ran, stored], [['a'], ['a']])
  }
})

test('73. a write that is throttled for ever is UNAVAILABLE after three tries, and no handler runs', async () => {
  const { code, ran, stored, store } = await once({ throttling: 1, calls: ['replace', 'commit'] })
  assert.is(code, 'UNAVAILABLE')
  assert.equal([ran, stored], [[], []])
  assert.is(store.injected.length, 3)
})

/** A third of all calls go wrong somehow, or half of all writes. */
const STORMS: readonly Faults[] = [
  { lostRequests: 0.08, lostAnswers: 0.08, lateWrites: 0.08, throttling: 0.04, conflicts: 0.05 },
  { lostRequests: 0.15, lostAnswers: 0.15, lateWrites: 0.15, conflicts: 0.05, calls: ['replace', 'commit'] },
]
const stormOf = (seed: number) => STORMS[seed % STORMS.length] ?? {}
const SEEDS = 200
const STORES: readonly (readonly [name: string, whole: NonNullable<Setting['whole']>])[] = [
  ['that commits memberships with the record', (store) => store],
  ['that cannot', ({ commit: _, ...rest }) => rest],
]

type Race = Awaited<ReturnType<typeof race>>

/** Two messages of one connection at once, until all that was on its way has landed. */
const race = async (seed: number, action: string, whole: NonNullable<Setting['whole']>) => {
  const one = await poll({ seed, faults: stormOf(seed), whole })
  await Promise.all(IDS.map((id) => one.shaky(action, id)))
  const codes = one.told()
  const atOnce = await one.votes()
  await one.store.land()
  return { ...one, action, codes, atOnce, landed: await one.votes() }
}

const IDS = ['a', 'b']
const CODES = ['OK', 'UNAVAILABLE', 'FAILED_PRECONDITION', 'ABORTED', 'UNKNOWN']
const codesOf = (action: string) => CODES.filter((code) => code !== CODES[2] || action === 'seal')

/** All that may be said of a race, whatever has failed. */
const judge = async ({ action, store, codes, atOnce, landed, ran, reported, overlapped, channels, story }: Race) => {
  const joined = await channels()
  const members = joined.filter((channel) => channel !== 'lobby')
  assert.is(overlapped(), false, `two handlers ran at once, ${story()}`)
  assert.is(new Set(ran).size, ran.length, `a handler ran twice, ${story()}`)
  assert.is(new Set(landed).size, landed.length, `something is applied twice, ${story()}`)
  if (action === 'seal') assert.ok(landed.length < 2, `two committed where one may, ${story()}`)
  for (const channel of members) assert.ok(landed.includes(channel), `a member whom no state permits, ${story()}`)
  // Whoever has voted has left the lobby; with a commit that is whole, nobody else has.
  if (landed.length > 0) assert.not.ok(joined.includes('lobby'), `still in the lobby, ${story()}`)
  else if (store.commit) assert.ok(joined.includes('lobby'), `left the lobby for nothing, ${story()}`)
  for (const id of IDS) {
    const code = codes.get(id)
    const what = `${id} was told ${code}, ${story()}`
    assert.ok(code !== undefined && codesOf(action).includes(code), what)
    if (code === 'OK') assert.ok(atOnce.includes(id), what)
    if (code === 'OK' && (store.commit || reported.length === 0)) assert.ok(members.includes(id), what)
    if (code === 'UNAVAILABLE' || code === 'FAILED_PRECONDITION') assert.is(ran.includes(id), false, what)
    if (code !== 'OK' && code !== 'UNKNOWN') assert.is(landed.includes(id), false, what)
  }
}

/** Whoever was not told OK says it again, under the same id, once the claims of what was given up are over. */
const repeat = async ({ action, codes, landed, ran, told, calm, votes, advance, story }: Race) => {
  advance(60_000)
  for (const id of IDS) {
    if (codes.get(id) === 'OK') continue
    const before = ran.length
    await calm(action, id)
    const code = told().get(id)
    const what = `${id} was told ${codes.get(id)}, then ${code}, ${story()}`
    const isFree = action === 'vote' || (await votes())[0] === id
    const wanted = landed.includes(id) ? ['ALREADY_EXISTS', 0] : isFree ? ['OK', 1] : ['FAILED_PRECONDITION', 0]
    assert.equal([code, ran.length - before], wanted, what)
  }
  const all = [...(await votes())].sort()
  assert.equal(all, action === 'vote' ? IDS : all.slice(0, 1), story())
}

for (const [name, whole] of STORES)
  for (const action of ['vote', 'seal'])
    test(`69-73. two of '${action}' at once on a store ${name}: never do both commit what one may, each peer is told the truth, and a repetition runs once more at most`, async () => {
      const counts: Record<string, number> = {}
      for (let seed = 0; seed < SEEDS; seed++) {
        const one = await race(seed, action, whole)
        await judge(one)
        await repeat(one)
        for (const code of one.codes.values()) counts[code] = (counts[code] ?? 0) + 1
      }
      // Each answer came up: what is said of it was put to the proof.
      const rare = codesOf(action).filter((code) => !counts[code])
      assert.equal(rare, [], JSON.stringify(counts))
    })

test('69-73. a message that leaves the state as it is runs or is UNAVAILABLE, and writes nothing', async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const one = await poll({ seed, faults: stormOf(seed) })
    const before = await one.record()
    await Promise.all(IDS.map((id) => one.shaky('look', id)))
    const codes = [...one.told().values()]
    assert.is(one.ran.length, codes.filter((code) => code === 'OK').length, one.story())
    assert.ok(
      codes.every((code) => code === 'OK' || code === 'UNAVAILABLE'),
      one.story(),
    )
    assert.equal(await one.record(), before, one.story())
  }
})

test('63. whatever fails while a connection closes beside a message, nothing revives it and nothing is committed after', async () => {
  let closedBeside = 0
  let unharmed = 0
  for (let seed = 0; seed < SEEDS; seed++) {
    const one = await poll({ seed, faults: stormOf(seed) })
    await Promise.all([one.shaky('vote', 'a'), one.leave()])
    const record = await one.record()
    if (!record?.closed) continue
    closedBeside++
    const { state } = record
    await one.store.land()
    one.advance(60_000)
    await one.calm('vote', 'b')
    const after = await one.record()
    assert.ok(after?.closed, `the connection was revived, ${one.story()}`)
    assert.equal(after.state, state, `something was committed after the end, ${one.story()}`)
    assert.is(one.ran.includes('b'), false, `a handler ran after the end, ${one.story()}`)
    if (one.reported.length > 0) continue
    unharmed++
    assert.equal(await one.channels(), [], `a member stayed, ${one.story()}`)
  }
  assert.ok(unharmed > SEEDS / 10, String(unharmed))
  assert.ok(closedBeside > SEEDS / 2, String(closedBeside))
})

test.run()
