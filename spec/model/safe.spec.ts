import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { explore } from './explore.ts'
import { INVARIANTS } from './invariants.ts'
import { SCENARIOS } from './scenarios.ts'
import { storyOf, tableOf } from './table.ts'
import { TAKEOVERS } from './takeovers.ts'

const test = suite('protocol engine: every interleaving')

const all = [...SCENARIOS, ...TAKEOVERS].map((scenario) => ({ scenario, explored: explore(scenario) }))

for (const { name, claim } of INVARIANTS)
  test(`${name}: ${claim}, in every interleaving`, () => {
    const broken = all.filter(({ explored: { violation } }) => violation?.invariant === name)
    assert.equal(
      broken.map(({ explored }) => storyOf(explored)),
      [],
    )
  })

test('I4: once every claim is over a fresh message succeeds, and an event whose handler must complete once does', () => {
  const broken = all.filter(({ explored: { violation } }) => violation)
  assert.equal(
    broken.map(({ explored }) => storyOf(explored)),
    [],
  )
})

test('that is more than 300 million interleavings of more than 50 scenarios', () => {
  console.log(tableOf(all))
  assert.ok(all.length > 50)
  assert.ok(all.reduce((sum, { explored }) => sum + explored.interleavings, 0n) > 300_000_000n)
})

test.run()
