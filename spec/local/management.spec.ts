import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  GoneException,
  PayloadTooLargeException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeAll, connect, fakeClock, knock, local, ok } from '../kit/local.ts'

const test = suite('local @connections')
test.after.each(closeAll)

const opened = async (options = {}) => {
  const gateway = await local(ok, options)
  const client = await connect(gateway.url, [], { headers: { 'User-Agent': 'spec' } })
  const { connectionId } = (await gateway.next('CONNECT')).requestContext
  const call = async (method: string, path = `/dev/@connections/${connectionId}`, body?: string) => {
    const answer = await fetch(new URL(path, gateway.endpoint), { method, ...(body !== undefined && { body }) })
    return { status: answer.status, type: answer.headers.get('x-amzn-errortype'), body: await answer.text(), answer }
  }
  return { gateway, client, connectionId, call }
}

test('POST sends a text frame and answers 200 with an empty body', async () => {
  const { client, call } = await opened()
  const { status, body, answer } = await call('POST', undefined, '{"hello":"wörld"}')
  assert.is(status, 200)
  assert.is(body, '')
  assert.is(answer.headers.get('content-type'), 'application/json')
  assert.equal(await client.nextFrame(), { text: '{"hello":"wörld"}', isBinary: false })
})

test('@ and =, plain or encoded, name the same connection', async () => {
  const { client, connectionId, call } = await opened()
  for (const at of ['@', '%40'])
    for (const id of [connectionId, encodeURIComponent(connectionId), connectionId.replace('=', '%3d')]) {
      assert.is((await call('POST', `/dev/${at}connections/${id}`, `${at}${id}`)).status, 200)
      assert.is(await client.next(), `${at}${id}`)
    }
})

test('GET tells who is connected and since when, in camel case', async () => {
  const clock = fakeClock(Date.UTC(2024, 0, 1))
  const { gateway, client, call } = await opened({ clock })
  clock.advance(1_500)
  client.send('x')
  await gateway.next('MESSAGE')
  const { status, body } = await call('GET')
  assert.is(status, 200)
  assert.equal(JSON.parse(body), {
    identity: { sourceIp: '127.0.0.1', userAgent: 'spec' },
    connectedAt: '2024-01-01T00:00:00.000Z',
    lastActiveAt: '2024-01-01T00:00:01.500Z',
  })
})

test('DELETE answers 204, closes with 1000 and tells $disconnect', async () => {
  const { gateway, client, call } = await opened()
  const { status, body } = await call('DELETE')
  assert.is(status, 204)
  assert.is(body, '')
  assert.is((await client.closed).code, 1000)
  const { requestContext } = await gateway.next('DISCONNECT')
  assert.ok('disconnectStatusCode' in requestContext)
  assert.is(requestContext.disconnectStatusCode, 1000)
  assert.is(requestContext.disconnectReason, 'Connection Closed Normally')
  await gateway.close()
  assert.is(gateway.events.length, 2)
})

for (const method of ['POST', 'GET', 'DELETE']) {
  test(`${method} to a connection that is gone, or never was, answers 410 with an empty body`, async () => {
    const { call } = await opened()
    assert.is((await call('DELETE')).status, 204)
    for (const path of [undefined, '/dev/@connections/AAAAAAAAAAAAAAA=']) {
      const { status, type, body } = await call(method, path)
      assert.is(status, 410)
      assert.is(type, 'GoneException')
      assert.is(body, '')
    }
  })

  test(`${method} with a malformed id answers 400`, async () => {
    const { call } = await opened()
    for (const [id, shown] of [
      ['short', 'short'],
      ['AAAAAAAAAAAAAAA%3Dtest', 'AAAAAAAAAAAAAAA=test'],
      ['%zz', '%zz'],
    ]) {
      const { status, type, body } = await call(method, `/dev/@connections/${id}`)
      assert.is(status, 400)
      assert.is(type, 'BadRequestException')
      assert.is(body, `{"message":"Invalid connectionId: ${shown}"}`)
    }
  })

  test(`${method} to another stage or path answers 403`, async () => {
    const { connectionId, call } = await opened()
    for (const path of [`/prod/@connections/${connectionId}`, `/@connections/${connectionId}`, '/dev/elsewhere', '/']) {
      const { status, type, body } = await call(method, path)
      assert.is(status, 403)
      assert.is(type, 'ForbiddenException')
      assert.is(body, '{"message":"Forbidden"}')
    }
  })
}

test('another method answers 403', async () => {
  const { call } = await opened()
  assert.is((await call('PUT', undefined, 'x')).status, 403)
})

test('of a body that is not UTF-8 the client reads U+FFFD where it is none', async () => {
  const { gateway, client, connectionId } = await opened()
  const place = `${gateway.endpoint}/@connections/${connectionId}`
  await fetch(place, { method: 'POST', body: Buffer.from([0x61, 0xff, 0x62]) })
  assert.equal(await client.nextFrame(), { text: 'a\ufffdb', isBinary: false })
})

test('a long body reaches the client in frames of 32 KB', async () => {
  const gateway = await local()
  const { socket } = await knock(gateway.url)
  assert.ok(socket)
  const { connectionId } = (await gateway.next('CONNECT')).requestContext
  await fetch(`${gateway.endpoint}/@connections/${connectionId}`, { method: 'POST', body: 'a'.repeat(33 * 1024) })
  const bytes = []
  for await (const chunk of socket) if (bytes.push(...chunk) >= 33 * 1024 + 8) break
  assert.equal(bytes.slice(0, 4), [0x01, 126, 0x80, 0x00], 'text, not final, 32768 bytes')
  assert.equal(bytes.slice(32_772, 32_776), [0x80, 126, 0x04, 0x00], 'continued, final, 1024 bytes')
})

test('a body of 128 KB is taken, and one byte more answers 413', async () => {
  const { client, call } = await opened()
  assert.is((await call('POST', undefined, 'a'.repeat(131_072))).status, 200)
  assert.is((await client.next()).length, 131_072)
  const { status, type } = await call('POST', undefined, 'a'.repeat(131_073))
  assert.is(status, 413)
  assert.is(type, 'PayloadTooLargeException')
  assert.is((await call('POST', undefined, 'still open')).status, 200)
  assert.is(await client.next(), 'still open')
})

test('the official SDK client posts, asks, deletes and tells what is gone or too large', async () => {
  const { gateway, client, connectionId } = await opened()
  const sdk = new ApiGatewayManagementApiClient({
    endpoint: gateway.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  const thrown = (command: PostToConnectionCommand) => sdk.send(command).catch((error: unknown) => error)
  const post = (Data: string, ConnectionId = connectionId) => new PostToConnectionCommand({ ConnectionId, Data })

  await sdk.send(post('hello'))
  assert.equal(await client.nextFrame(), { text: 'hello', isBinary: false })
  const info = await sdk.send(new GetConnectionCommand({ ConnectionId: connectionId }))
  assert.instance(info.ConnectedAt, Date)
  assert.instance(info.LastActiveAt, Date)
  assert.is(info.Identity?.SourceIp, '127.0.0.1')
  assert.instance(await thrown(post('a'.repeat(131_073))), PayloadTooLargeException)
  await sdk.send(new DeleteConnectionCommand({ ConnectionId: connectionId }))
  assert.is((await client.closed).code, 1000)
  assert.instance(await thrown(post('late')), GoneException)
  assert.instance(await thrown(post('nobody', 'AAAAAAAAAAAAAAA=')), GoneException)
  sdk.destroy()
})

test.run()
