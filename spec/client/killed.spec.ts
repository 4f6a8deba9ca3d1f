import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { killing } from './killing.ts'
import { warmClient } from './kit.ts'

const test = suite('client: killed again and again')
test.before(warmClient)

test('of 2,000 messages none is lost, and none has its effect twice, with a kill every 50', async () => {
  const { failed, ...counts } = await killing(2_000, (answered) => answered % 50 === 0)
  assert.equal(failed, {})
  const { lost, doubled, counted, keys, unheard, kills, sentAgain, connections } = counts
  assert.equal({ lost, doubled, unheard, counted, keys }, { lost: 0, doubled: 0, unheard: 0, counted: 200, keys: 200 })
  // Each of the ways to be killed several times, and messages on their way then.
  assert.ok(kills >= 30 && connections === kills + 1 && sentAgain > 50, JSON.stringify(counts))
})

test.run()
