import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeAll, connect, frame, knock, local, ok, on } from '../kit/local.ts'

const test = suite('local $disconnect')
test.after.each(closeAll)

type Client = Awaited<ReturnType<typeof connect>>

const ways: readonly (readonly [how: string, leave: (client: Client) => void, code: number, reason: string])[] = [
  ['closes without a code', ({ socket }) => socket.close(), 1005, 'Client-side close frame status not set'],
  ['goes away', ({ socket }) => socket.close(1001), 1001, ''],
  ['closes with a code and a reason of its own', ({ socket }) => socket.close(4001, 'bye'), 4001, 'bye'],
  ['is lost without a close frame', ({ socket }) => socket.terminate(), 1006, ''],
]
for (const [how, leave, code, reason] of ways)
  test(`a client that ${how} is told as ${code} '${reason}', once`, async () => {
    const gateway = await local()
    const client = await connect(gateway.url)
    leave(client)
    const event = await gateway.next('DISCONNECT')
    const context = event.requestContext
    assert.ok('disconnectStatusCode' in context)
    assert.is(context.disconnectStatusCode, code)
    assert.is(context.disconnectReason, reason)
    assert.is(context.routeKey, '$disconnect')
    await gateway.close()
    assert.is(gateway.events.length, 2)
  })

test('the event has the four headers of a real one and no query', async () => {
  const gateway = await local()
  const client = await connect(`${gateway.url}?name=ann`)
  client.socket.close()
  const event = await gateway.next('DISCONNECT')
  assert.equal(Object.keys(event), ['headers', 'multiValueHeaders', 'requestContext', 'isBase64Encoded'])
  assert.equal('headers' in event && event.headers, {
    Host: `127.0.0.1:${gateway.port}`,
    'x-api-key': '',
    'X-Forwarded-For': '',
    'x-restapi': '',
  })
})

test('a $disconnect that throws does no harm', async () => {
  const gateway = await local(on({ DISCONNECT: () => Promise.reject(new Error('no')) }))
  const first = await connect(gateway.url)
  first.socket.close()
  await gateway.next('DISCONNECT')
  const second = await connect(gateway.url)
  assert.is(second.socket.readyState, second.socket.OPEN)
})

test('without a deployed $disconnect nothing is invoked', async () => {
  const gateway = await local(ok, { routes: ['$connect', '$default'] })
  const client = await connect(gateway.url)
  client.socket.close()
  await client.closed
  await gateway.close()
  assert.is(gateway.events.length, 1)
})

test('a connection that leaves is gone for @connections at once', async () => {
  const statuses: number[] = []
  const gateway = await local(
    on({
      DISCONNECT: async ({ requestContext: { connectionId } }) => {
        const path = `${gateway.endpoint}/@connections/${connectionId}`
        statuses.push((await fetch(path, { method: 'POST', body: 'late' })).status)
        return { statusCode: 200 }
      },
    }),
  )
  const client = await connect(gateway.url)
  client.socket.close()
  await gateway.next('DISCONNECT')
  await gateway.close()
  assert.equal(statuses, [410])
})

test('closing the gateway closes connections with 1001 and delivers $disconnect', async () => {
  const gateway = await local()
  const client = await connect(gateway.url)
  await gateway.close()
  assert.equal(await client.closed, { code: 1001, reason: 'Going away' })
  const { requestContext } = await gateway.next('DISCONNECT')
  assert.is('disconnectStatusCode' in requestContext && requestContext.disconnectStatusCode, 1001)
})

test('a client that is being closed cannot send any more', async () => {
  const gateway = await local()
  const { socket } = await knock(gateway.url)
  const { connectionId } = (await gateway.next('CONNECT')).requestContext
  await fetch(`${gateway.endpoint}/@connections/${connectionId}`, { method: 'DELETE' })
  await gateway.next('DISCONNECT')

  socket?.end(frame('too late'))
  await gateway.close()
  assert.is(gateway.events.length, 2)
})

test.run()
