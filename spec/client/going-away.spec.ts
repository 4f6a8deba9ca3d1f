import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { latch } from '../kit/wire.ts'
import { warmClient } from './kit.ts'
import { stage } from './stage.ts'

const test = suite('client: asked to go away while it changes connections')
test.before(warmClient)

test('the old one asks as it is replaced: the new one stays, and nothing that is told there is lost', async () => {
  const ready = latch()
  let count = 0
  const { app, client, dialled, end, gateway, pass, sent, settle } = stage(
    {},
    {
      onReady: async ({ send, recovered }: { send: (name: string) => Promise<unknown>; recovered: boolean }) => {
        if (!recovered) return void (await send('enter'))
        if (++count === 1) await ready.passed
      },
    },
  )
  const told: number[] = []
  client.on('told', (n) => told.push(n))
  await client.send('peek')
  const [first] = gateway.sockets
  assert.ok(first)
  await app.server.connection(first.connectionId).goAway()
  await pass(1_000)
  // The second one is being made ready, and is through with that in the moment in which the first one asks again.
  assert.is(dialled.length, 2)
  first.addEventListener('message', ({ data }) => {
    if (data.includes('GOING_AWAY')) ready.open()
  })
  await app.server.connection(first.connectionId).goAway()
  await settle()
  const second = gateway.sockets.find((socket) => socket !== first)
  assert.ok(second)
  await pass(1_000)
  assert.ok(await app.server.connection(second.connectionId).push('told', 1))
  await pass(60_000)
  assert.ok(await app.server.connection(second.connectionId).push('told', 2))
  await settle()
  assert.equal([dialled.length, sent('$resume').length, told], [2, 1, [1, 2]])
  await end()
})

test('the new one asks before it is in service: it is replaced too, when it is', async () => {
  const ready = latch()
  let count = 0
  const { app, client, dialled, end, gateway, pass, settle } = stage(
    {},
    {
      onReady: async ({ send, recovered }: { send: (name: string) => Promise<unknown>; recovered: boolean }) => {
        if (!recovered) return void (await send('enter'))
        if (++count === 1) await ready.passed
      },
    },
  )
  await client.send('peek')
  const [first] = gateway.sockets
  assert.ok(first)
  await app.server.connection(first.connectionId).goAway()
  await pass(1_000)
  const second = gateway.sockets.find((socket) => socket !== first)
  assert.ok(second)
  await app.server.connection(second.connectionId).goAway()
  await pass(3_000)
  assert.is(dialled.length, 2)
  ready.open()
  await settle()
  await pass(3_000)
  assert.is(dialled.length, 3)
  assert.is(await client.send('say', { n: 1 }), 2)
  await end()
})

test.run()
