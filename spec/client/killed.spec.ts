import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { killing } from './killing.ts'
import { warmClient } from './kit.ts'

const test = suite('client: killed again and again')
test.before(warmClient)

test('of 2,000 messages none is lost, and none has its effect twice, with a kill every 50', async () => {
  const { failed, kills, sentAgain, connections, ms: _, ...counts } = await killing(2_000, (n) => n % 50 === 0)
  assert.equal(failed, {})
  const all = { messages: 2_000, exclusive: 200, counted: 200, keys: 200 }
  assert.equal(counts, { ...all, lost: 0, doubled: 0, unheard: 0 })
  // Each of the ways to be killed several times, and messages on their way then.
  assert.ok(kills >= 30 && connections > 30 && sentAgain > 50, `${kills} ${connections} ${sentAgain}`)
})

test.run()
