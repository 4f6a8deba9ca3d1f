import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codeOf, warmClient } from './kit.ts'
import { stage } from './stage.ts'

const test = suite('client: heartbeat')
test.before(warmClient)

const MINUTE = 60_000

test('a heartbeat keeps an idle connection, and a busy one needs none', async () => {
  const { client, end, pass, dialled, sent, states } = stage()
  await client.send('peek')
  await pass(60 * MINUTE)
  assert.equal([dialled.length, states], [1, ['connecting', 'open']])
  const idle = sent('$ping').length
  assert.ok(idle >= 11 && idle <= 12, String(idle))
  for (let minute = 0; minute < 20; minute++) {
    await client.send('peek')
    await pass(MINUTE)
  }
  assert.ok(sent('$ping').length - idle <= 1)
  await end()
})

test('a connection that is dead is noticed by its heartbeat, and replaced', async () => {
  const { client, end, pass, socket, dialled, recovered } = stage()
  await client.send('peek')
  socket().stall()
  await pass(5 * MINUTE + 9_000)
  assert.is(dialled.length, 1)
  await pass(2_000)
  assert.is(dialled.length, 2)
  assert.is(await client.send('peek'), 'inside')
  assert.equal(recovered, [false, true])
  await end()
})

test('so is one that somebody sends on all the time', async () => {
  const { client, end, pass, socket, dialled } = stage({}, { timeoutMs: 20_000 })
  await client.send('peek')
  socket().stall()
  const codes: unknown[] = []
  for (let minute = 0; minute < 6; minute++) {
    const asked = codeOf(client.send('peek'))
    await pass(MINUTE)
    codes.push(await asked)
  }
  assert.equal(codes.slice(0, 4), ['TIMEOUT', 'TIMEOUT', 'TIMEOUT', 'TIMEOUT'])
  assert.is(dialled.length, 2)
  assert.is(await client.send('peek'), 'inside')
  await end()
})

test.run()
