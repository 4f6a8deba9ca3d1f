import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeAll, connect, fakeClock, knock, local, ok, on, signal } from '../kit/local.ts'

const test = suite('local gateway, at the ends of a connection')
test.after.each(closeAll)

test('$disconnect does not wait for a message that is still being handled, which then finds nobody', async () => {
  const release = signal()
  const statuses: number[] = []
  const gateway = await local(
    on({
      MESSAGE: async ({ requestContext: { connectionId } }) => {
        await release.promise
        const place = `${gateway.endpoint}/@connections/${encodeURIComponent(connectionId)}`
        statuses.push((await fetch(place, { method: 'POST', body: 'late' })).status)
        return { statusCode: 200 }
      },
    }),
  )
  const [busy, calm] = [await connect(gateway.url), await connect(gateway.url)]
  busy.send('x')
  const { connectionId } = (await gateway.next('MESSAGE')).requestContext
  busy.socket.close()
  await busy.closed
  // Who leaves later is told of later: the first was not held up.
  calm.socket.close()
  assert.is((await gateway.next('DISCONNECT')).requestContext.connectionId, connectionId)
  assert.equal(statuses, [])
  release.resolve()
  await gateway.close()
  assert.equal(statuses, [410])
})

test('a body that $connect returns reaches nobody, whether there are route responses or not', async () => {
  for (const routeResponse of [false, true]) {
    const gateway = await local(
      on({
        CONNECT: async () => ({ statusCode: 200, body: 'welcome' }),
        MESSAGE: async () => Promise.reject(new Error('marker')),
      }),
      { routeResponse },
    )
    const { socket, body } = await knock(gateway.url)
    assert.is(body, '')
    socket?.destroy()
    const client = await connect(gateway.url)
    client.send('x')
    assert.match(await client.next(), /^\{"message": "Internal server error"/)
    assert.is(client.received.length, 1)
    client.socket.terminate()
  }
})

/** Nothing goes wrong but what is named. */
const NONE = {
  seed: 1,
  delays: 0,
  coldStarts: 0,
  lostFarewells: 0,
  repeatedFarewells: 0,
  halfOpen: 0,
  throttling: 0,
  kills: 0,
}

test('65. where $disconnect never comes, a post that finds nobody is all that tells of it', async () => {
  const clock = fakeClock()
  const gateway = await local(ok, { clock, chaos: { ...NONE, lostFarewells: 1 } })
  const client = await connect(gateway.url)
  const { requestContext } = await gateway.next('CONNECT')
  client.socket.close()
  await client.closed
  const place = `${gateway.endpoint}/@connections/${encodeURIComponent(requestContext.connectionId)}`
  assert.is((await fetch(place, { method: 'POST', body: 'x' })).status, 410)
  await gateway.close()
  assert.is(gateway.events.length, 1)
})

test.run()
