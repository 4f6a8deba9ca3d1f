import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Ordered, ordered } from './order.ts'

const test = suite('protocol engine: messages that count the ones before')

const print = (...rows: readonly Ordered[]) => {
  for (const { what, tries, explored, done, busy, rejected } of rows)
    console.log(
      `\n${what}, ${tries} waits: ${explored.interleavings.toLocaleString('en')} interleavings; all done ${done} %, ` +
        `told to come back ${busy} %, wrongly rejected ${rejected} %`,
    )
}

for (const tries of [1, 2, 3])
  test(`auth, join and send that wait ${tries} times are never rejected where they count, and some are where they do not`, () => {
    const [without, counted] = [ordered(false, { tries }), ordered(true, { tries })]
    print(without, counted)
    assert.is(counted.explored.violation, undefined)
    assert.is(counted.rejected, 0)
    assert.ok(without.rejected > 1)
    assert.ok(counted.done > 50)
  })

for (const [fault, faults] of [
  ['a function crashes', { crashes: 1, jumps: 2 }],
  ['an answer of the store is lost', { losses: 1 }],
] as const)
  test(`auth and join are not rejected either when ${fault}`, () => {
    const options = { tries: 2, length: 2, ...faults }
    const [without, counted] = [ordered(false, options), ordered(true, options)]
    print(without, counted)
    assert.is(counted.explored.violation, undefined)
    assert.is(counted.rejected, 0)
    assert.ok(without.rejected > 0)
    assert.ok(counted.done > 1)
  })

test.run()
