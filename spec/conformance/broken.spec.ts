import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { blobCases, commitCases, noteCases, shardCases, storeCases } from 'ws-interlock/store/conformance'
import { memory } from 'ws-interlock/store/memory'
import { BROKEN } from './broken.ts'

const test = suite('the conformance suite')

const all = [...storeCases, ...commitCases, ...noteCases, ...shardCases, ...blobCases]

/** What any of these stores has broken so far. */
const everSeen = new Set<string>()

/** The claims that do not hold, and what was said of each. */
const broken = async (makeStore: () => Store) => {
  const sentences = new Map<string, string>()
  for (const { claim, check } of all) await check(makeStore()).catch(({ message }) => sentences.set(claim, message))
  for (const claim of sentences.keys()) everSeen.add(claim)
  return sentences
}

test('no claim is broken by a store that is whole', async () => {
  assert.equal([...(await broken(memory)).entries()], [])
})

for (const { flaw, seenBy, store } of BROKEN)
  test(`it sees that ${flaw}: ${seenBy} …`, async () => {
    const sentences = await broken(store)
    const seen = [...sentences].find(([claim]) => claim.startsWith(seenBy))
    assert.ok(seen, `not seen by '${seenBy} …', but by: ${[...sentences.keys()].join('; ') || 'nothing'}`)
    assert.match(
      seen[1],
      /expected .+, got |expected \d+ and got |^After \d+ pages|expected at most|expected a member|has no (commit|note|shards|blobs)/s,
    )
  })

test('each claim is broken by one of these stores, or it would show nothing', () => {
  const unseen = all.flatMap(({ claim }) => (everSeen.has(claim) ? [] : [claim]))
  assert.equal(unseen, [])
})

test('no two cases claim the same', () => {
  assert.is(new Set(all.map(({ claim }) => claim)).size, all.length)
})

test.run()
