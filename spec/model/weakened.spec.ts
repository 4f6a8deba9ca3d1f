import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { explore } from './explore.ts'
import { INVARIANTS } from './invariants.ts'
import { storyOf } from './table.ts'
import { WEAKENED } from './weakened.ts'

const test = suite('the explorer: weakened engines')

for (const { id, lacks, scenario, breaks, how, steps } of WEAKENED)
  test(`${id}: where ${lacks}, ${breaks} breaks in ${steps} steps, and in no fewer`, () => {
    const explored = explore(scenario)
    const { violation } = explored
    console.log(`\n${id}, ${lacks}: ${storyOf(explored)}`)
    assert.is(violation?.invariant, breaks)
    assert.match(violation?.sentence ?? '', how)
    assert.is(violation?.steps.length, steps)
  })

test('each invariant is broken by one of them, or it shows nothing', () => {
  const broken = new Set(WEAKENED.map(({ breaks }) => breaks))
  assert.equal(
    [...INVARIANTS.map(({ name }) => name), 'I4'].filter((name) => !broken.has(name)),
    [],
  )
})

test.run()
