import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect as dial, type Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, ws } from 'ws-interlock'
import { localGateway } from 'ws-interlock/local'
import { memory } from 'ws-interlock/store/memory'
import { closeAll, connect, fakeClock, frame, knock, knockAndLeave, local, ok, on } from '../kit/local.ts'

const test = suite('local gateway, roughly handled')
test.after.each(closeAll)

/** What the port answers to bytes, until it hangs up. */
const answerTo = async (url: string, text: string): Promise<string> => {
  const { hostname, port } = new URL(url)
  const socket = dial(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(text)
  let answer = ''
  socket.setEncoding('utf8').on('data', (part) => {
    answer += part
  })
  await once(socket, 'close')
  return answer
}

const upgrade = (url: string, headers: string, request = `GET ${new URL(url).pathname} HTTP/1.1`) =>
  `${request}\r\nHost: ${new URL(url).host}\r\n${headers}\r\n\r\n`

const GOOD =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='

for (const [what, headers, status, request] of [
  ['without a key', GOOD.replace(/\r\nSec-WebSocket-Key.*/, ''), 400],
  ['with a key that is none', GOOD.replace(/Key: .*/, 'Key: short'), 400],
  ['of an unknown version', GOOD.replace('Version: 13', 'Version: 99'), 400],
  ['of the version of a draft', GOOD.replace('Version: 13', 'Version: 8'), 400],
  ['to another protocol', GOOD.replace('websocket', 'h2c'), 400],
  ['by POST', GOOD, 405, 'POST'],
] as const)
  test(`an upgrade ${what} is answered ${status}, and nothing is invoked`, async () => {
    const { url, events } = await local()
    const line = request && `${request} ${new URL(url).pathname} HTTP/1.1`
    assert.match(await answerTo(url, upgrade(url, headers, line)), new RegExp(`^HTTP/1.1 ${status} `))
    assert.equal(events, [])
  })

test('an upgrade of HTTP/1.0, or without a host, is answered 400, and nothing is invoked', async () => {
  const { url, events } = await local()
  const good = upgrade(url, GOOD)
  for (const bad of [good.replace('HTTP/1.1', 'HTTP/1.0'), good.replace(/Host: .*\r\n/, '')])
    assert.match(await answerTo(url, bad), /^HTTP\/1.1 400 /)
  assert.equal(events, [])
})

test('bytes that are no HTTP are answered 400, and the gateway goes on', async () => {
  const { url } = await local()
  assert.match(await answerTo(url, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'), /^HTTP\/1.1 400 /)
  const client = await connect(url)
  client.socket.terminate()
})

test('headers that are too large are answered 431, and nothing is invoked', async () => {
  const { url, events } = await local()
  const answer = await answerTo(url, upgrade(url, `${GOOD}\r\nCookie: ${'a'.repeat(20_000)}`))
  assert.match(answer, /^HTTP\/1.1 431 /)
  assert.equal(events, [])
})

for (const [what, bytes] of [
  ['is not masked', Buffer.from([0x81, 0x01, 0x78])],
  ['has a reserved bit', Buffer.from([0xc1, 0x81, 0, 0, 0, 0, 0x78])],
  ['has an unknown opcode', Buffer.from([0x83, 0x81, 0, 0, 0, 0, 0x78])],
] as const)
  test(`a frame that ${what} closes the connection with 1002, and $disconnect reads it`, async () => {
    const { url, next } = await local()
    const { socket } = await knock(url)
    socket?.write(bytes)
    assert.is(Object(await next('DISCONNECT')).requestContext.disconnectStatusCode, 1002)
    socket?.destroy()
  })

test('a ping is answered with a pong, and is no message', async () => {
  const clock = fakeClock()
  const { url, next, events } = await local(ok, { clock })
  const client = await connect(url)
  clock.advance(599_999)
  client.socket.ping()
  await once(client.socket, 'pong')
  clock.advance(1)
  assert.equal(await client.closed, { code: 1001, reason: 'Going away' })
  await next('DISCONNECT')
  assert.is(events.length, 2)
})

test('the service never pings', async () => {
  const clock = fakeClock()
  const { url } = await local(ok, { clock })
  const client = await connect(url)
  client.socket.on('ping', () => assert.unreachable('a ping came'))
  clock.advance(600_000)
  await client.closed
})

test('a client that is killed without a word ends its connection', async () => {
  const { url, next } = await local()
  const code = `const { WebSocket } = await import('ws'); new WebSocket(${JSON.stringify(url)}).on('open', () => console.log('open'))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  assert.is(Object(await next('DISCONNECT')).requestContext.disconnectStatusCode, 1006)
})

test('a peer that vanishes without a packet is closed by the idle time', async () => {
  const clock = fakeClock()
  const { url, next } = await local(ok, { clock })
  const socket = knockAndLeave(url)
  await once(socket, 'data')
  // From here on it is deaf and dumb, and its side of the connection stays open.
  socket.pause()
  clock.advance(600_000)
  assert.is(Object(await next('DISCONNECT')).requestContext.disconnectStatusCode, 1001)
  socket.destroy()
})

test('a client that never reads is lost once 16 MB wait for it, and the memory of others is spared', async () => {
  const { url, endpoint, next } = await local()
  const socket = knockAndLeave(url)
  await once(socket, 'data')
  socket.pause()
  const { requestContext } = await next('CONNECT')
  const place = `${endpoint}/@connections/${encodeURIComponent(requestContext.connectionId)}`
  const body = 'x'.repeat(128 * 1024)
  let status = 200
  let posts = 0
  for (; status === 200 && posts < 1_000; posts++) ({ status } = await fetch(place, { method: 'POST', body }))
  assert.is(status, 410)
  // What the kernel keeps comes on top.
  assert.ok(posts * 128 * 1024 >= 16 * 1024 * 1024, String(posts))
  assert.is(Object(await next('DISCONNECT')).requestContext.disconnectStatusCode, 1006)
  socket.destroy()
})

test('messagesPerSecond: a client that sends one too many is disconnected with 1008, and another is not', async () => {
  const clock = fakeClock()
  const { url, next, events } = await local(ok, { clock, messagesPerSecond: 2 })
  const [hasty, calm] = [await connect(url), await connect(url)]
  for (const word of ['a', 'b', 'c']) hasty.send(word)
  assert.is((await hasty.closed).code, 1008)
  calm.send('d')
  await next('DISCONNECT')
  calm.send('e')
  await next('MESSAGE')
  const bodies = events.flatMap((event) => ('body' in event && event.body ? [event.body] : [])).sort()
  assert.equal(bodies, ['a', 'b', 'd', 'e'])
  calm.socket.terminate()
})

test('a function that fails is not called again', async () => {
  const { url, events } = await local(
    on({
      MESSAGE: async () => {
        throw new Error('no')
      },
    }),
  )
  const client = await connect(url)
  client.send('x')
  await client.next()
  client.send('y')
  await client.next()
  assert.is(events.length, 3)
  client.socket.terminate()
})

const customDomain = { domainName: 'ws.example.com', mappingKey: 'v1' }

test('customDomain: events carry its name without a port, and calls of @connections come in below its key', async () => {
  const { url, next } = await local(ok, { customDomain })
  const client = await connect(url.replace(/\/dev$/, '/v1'))
  const { requestContext } = await next('CONNECT')
  assert.is(requestContext.domainName, 'ws.example.com')
  const origin = url.replace('ws:', 'http:').replace(/\/dev$/, '')
  const id = requestContext.connectionId
  for (const path of ['/v1/@connections/', '/v1/%40connections/', '/dev/@connections/']) {
    const answer = await fetch(`${origin}${path}${encodeURIComponent(id)}`, { method: 'POST', body: path })
    assert.is(answer.status, 200)
    assert.is(await client.next(), path)
  }
  assert.is((await fetch(`${origin}/v2/@connections/${encodeURIComponent(id)}`, { method: 'POST' })).status, 403)
  client.socket.terminate()
})

test('customDomain: under its own host the stage is no path, and an empty key is the root', async () => {
  const { url } = await local(ok, { customDomain: { domainName: 'ws.example.com' } })
  const root = url.replace(/\/dev$/, '/')
  assert.is((await knock(url, { Host: 'ws.example.com' })).status, 403)
  const { status, socket } = await knock(root, { Host: 'ws.example.com' })
  assert.is(status, 101)
  socket?.destroy()
})

/** An application whose peers can be pushed to. */
const application = (connecting: () => void | Promise<void>) =>
  ws({ warn: () => {} })
    .store(memory())
    .onConnect(async ({ channel }) => {
      await channel('all').join()
      await connecting()
      return accept()
    })
    .on('hello', () => 'hello')
    .onError(() => {})
    .build()

test('67. a $connect that throws refuses the socket, and leaves no member behind', async () => {
  const app = application(() => {
    throw new Error('no')
  })
  const gateway = await localGateway(app)
  assert.ok((await knock(gateway.url)).status >= 500)
  for await (const member of app.server.channel('all').members()) assert.unreachable(member)
  await gateway.close()
})

test('66. a message that is sent as the connection closes is not handled after its $disconnect', async () => {
  const order: string[] = []
  const gateway = await local(async ({ requestContext: { eventType } }) => {
    order.push(eventType)
    return { statusCode: 200 }
  }, {})
  const { socket } = await knock(gateway.url)
  socket?.write(Buffer.concat([frame(Buffer.from([0x03, 0xe8]), { opcode: 8 }), frame('late')]))
  socket?.end()
  await gateway.next('DISCONNECT')
  await gateway.close()
  assert.equal(order, ['CONNECT', 'DISCONNECT'])
})

test('64. a $disconnect before any message is delivered once', async () => {
  const gateway = await local()
  const client = await connect(gateway.url)
  client.socket.close()
  client.socket.terminate()
  await gateway.next('DISCONNECT')
  await gateway.close()
  assert.is(gateway.events.length, 2)
})

test('10 and 11. a message above 128 KB, and a frame above 32 KB, never arrive', async () => {
  const { url, events, close } = await local(ok, { routes: ['$default'] })
  const large = await connect(url)
  large.send('x'.repeat(32 * 1024 + 1))
  assert.is((await large.closed).code, 1009)
  const { socket } = await knock(url)
  const quarter = 'x'.repeat(32 * 1024)
  for (let part = 0; part < 5; part++) socket?.write(frame(quarter, { opcode: part === 0 ? 1 : 0, fin: part === 4 }))
  const [answer] = await once(socket as Socket, 'data')
  assert.is(answer.readUInt16BE(2), 1009)
  socket?.destroy()
  await close()
  assert.equal(events, [])
})

test.run()
