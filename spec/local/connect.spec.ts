import { networkInterfaces } from 'node:os'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeAll, connect, fakeClock, knock, knockAndLeave, local, ok, on, signal } from '../kit/local.ts'

const test = suite('local $connect')
test.after.each(closeAll)

const answering = (answer: unknown) => on({ CONNECT: async () => answer })

test('the upgrade waits for $connect', async () => {
  const release = signal()
  const gateway = await local(on({ CONNECT: () => release.promise.then(ok) }))
  let isOpen = false
  const connecting = connect(gateway.url).then((client) => {
    isOpen = true
    return client
  })
  await gateway.next('CONNECT')
  assert.not(isOpen)
  release.resolve()
  await connecting
  assert.ok(isOpen)
})

for (const statusCode of [200, 201, 299, '200'])
  test(`status ${JSON.stringify(statusCode)} opens the connection`, async () => {
    const { url } = await local(answering({ statusCode }))
    const answer = await knock(url)
    assert.is(answer.status, 101)
    answer.socket?.destroy()
  })

for (const statusCode of [301, 401, 403, 499, 501])
  test(`status ${statusCode} is the status of the handshake, and no $disconnect follows`, async () => {
    const gateway = await local(answering({ statusCode }))
    assert.is((await knock(gateway.url)).status, statusCode)
    await gateway.close()
    assert.equal(
      gateway.events.map(({ requestContext }) => requestContext.eventType),
      ['CONNECT'],
    )
  })

const broken: Record<string, unknown> = {
  undefined,
  'a string': 'x',
  'no statusCode': { body: 'x' },
  'an extra key': { statusCode: 200, Data: 'x' },
  'a status of 700': { statusCode: 700 },
  'a subprotocol with a line break': { statusCode: 200, headers: { 'Sec-WebSocket-Protocol': 'a\r\nSet-Cookie: b=c' } },
}
for (const [name, answer] of Object.entries(broken))
  test(`an answer that is ${name} makes the handshake fail with 502`, async () => {
    const { url } = await local(answering(answer))
    assert.is((await knock(url)).status, 502)
  })

test('a refused client reads nothing of what $connect returned as a body', async () => {
  const { url } = await local(answering({ statusCode: 401, body: 'kept from the client' }))
  assert.is((await knock(url)).body, '')
})

test('a $connect that throws makes the handshake fail with 502', async () => {
  const { url } = await local(() => {
    throw new Error('no')
  })
  assert.is((await knock(url)).status, 502)
})

test('a $connect that takes longer than the integration timeout makes the handshake fail with 504', async () => {
  const clock = fakeClock()
  const release = signal()
  const gateway = await local(on({ CONNECT: () => release.promise.then(ok) }), { clock })
  const knocking = knock(gateway.url)
  await gateway.next('CONNECT')
  clock.advance(29_000)
  assert.is((await knocking).status, 504)
  release.resolve()
})

test('without a deployed $connect the door is open and nothing is invoked', async () => {
  const gateway = await local(ok, { routes: ['$default'] })
  const client = await connect(gateway.url)
  client.socket.terminate()
  await gateway.close()
  assert.equal(gateway.events, [])
})

test('only the subprotocol that the Lambda returns is echoed', async () => {
  const headers = { 'sec-websocket-protocol': 'v2' }
  const { url } = await local(answering({ statusCode: 200, headers }))
  const { socket } = await connect(url, ['v1', 'v2'])
  assert.is(socket.protocol, 'v2')
  socket.close()
})

test('no subprotocol is picked when the Lambda returns none', async () => {
  const { url } = await local()
  const { status, headers, socket } = await knock(url, { 'Sec-WebSocket-Protocol': 'v1, v2' })
  assert.is(status, 101)
  assert.is(headers['sec-websocket-protocol'], undefined)
  socket?.destroy()
})

test('other headers of the Lambda and compression do not reach the client', async () => {
  const { url } = await local(answering({ statusCode: 200, headers: { 'Set-Cookie': 'a=b' } }))
  const { headers, socket } = await knock(url, { 'Sec-WebSocket-Extensions': 'permessage-deflate' })
  assert.is(headers['set-cookie'], undefined)
  assert.is(headers['sec-websocket-extensions'], undefined)
  socket?.destroy()
})

test('a post to the connection during $connect is answered 410', async () => {
  const statuses: number[] = []
  const gateway = await local(
    on({
      CONNECT: async ({ requestContext: { connectionId, domainName, stage } }) => {
        const path = `http://${domainName}/${stage}/@connections/${encodeURIComponent(connectionId)}`
        statuses.push((await fetch(path, { method: 'POST', body: 'early' })).status)
        return { statusCode: 200 }
      },
    }),
  )
  const client = await connect(gateway.url)
  assert.equal(statuses, [410])
  client.socket.terminate()
})

test('the event has the keys, the ids and the host of a real one', async () => {
  const clock = fakeClock()
  const gateway = await local(ok, { clock, stage: 'v1', stageVariables: { table: 't' } })
  const headers = { 'X-Mixed-Case': 'kept', 'User-Agent': 'spec' }
  const { socket } = await connect(`${gateway.url}?room=a%20b&room=c&constructor=1&__proto__=2`, [], { headers })
  const event = await gateway.next('CONNECT')
  assert.equal(Object.keys(event), [
    'headers',
    'multiValueHeaders',
    'queryStringParameters',
    'multiValueQueryStringParameters',
    'stageVariables',
    'requestContext',
    'isBase64Encoded',
  ])
  assert.ok('headers' in event && event.headers && event.multiValueHeaders)
  assert.is(event.headers['X-Mixed-Case'], 'kept')
  assert.is(event.headers.Upgrade, undefined)
  assert.is(event.headers.Connection, undefined)
  assert.equal(event.multiValueHeaders['User-Agent'], ['spec'])
  assert.ok('queryStringParameters' in event)
  assert.is(event.queryStringParameters?.room, 'c')
  assert.equal(event.multiValueQueryStringParameters?.room, ['a b', 'c'])
  assert.equal(event.multiValueQueryStringParameters?.constructor, ['1'])
  const context = event.requestContext
  assert.match(context.connectionId, /^[\w-]{15}=$/)
  assert.match(context.requestId, /^[\w-]{15}=$/)
  assert.is(context.extendedRequestId, context.requestId)
  assert.is(context.connectedAt, clock.now())
  assert.is(context.domainName, `127.0.0.1:${gateway.port}`)
  assert.is(context.stage, 'v1')
  assert.is(context.apiId, 'local')
  assert.equal(context.identity, { userAgent: 'spec', sourceIp: '127.0.0.1' })
  socket.terminate()
})

for (const [host, taken] of [
  ['localhost:PORT', 'localhost:PORT'],
  ['127.0.0.1:PORT', '127.0.0.1:PORT'],
  ['127.0.0.1:1', '127.0.0.1:PORT'],
  ['localhost:1', '127.0.0.1:PORT'],
  ['127.0.0.2:PORT', '127.0.0.1:PORT'],
  ['[::1]:PORT', '127.0.0.1:PORT'],
  ['localhost', '127.0.0.1:PORT'],
  ['abc.execute-api.eu-west-1.amazonaws.com', '127.0.0.1:PORT'],
  ['localhost:PORT@evil.example', '127.0.0.1:PORT'],
] as const)
  test(`a client that says Host: ${host} makes the domain name ${taken}`, async () => {
    const gateway = await local()
    const withPort = (text: string) => text.replace('PORT', String(gateway.port))
    const { socket } = await knock(gateway.url, { Host: withPort(host) })
    const event = await gateway.next('CONNECT')
    assert.is(event.requestContext.domainName, withPort(taken))
    assert.is('headers' in event && event.headers?.Host, withPort(taken))
    socket?.destroy()
  })

test('a gateway on every address leads its handler back by loopback, whatever address a client used', async () => {
  const gateway = await local(ok, { host: '0.0.0.0' })
  assert.is(gateway.url, `ws://127.0.0.1:${gateway.port}/dev`)
  const others = Object.values(networkInterfaces()).flatMap((found = []) =>
    found.filter(({ family }) => family === 'IPv4'),
  )
  for (const { address } of others) {
    const { socket } = await knock(`ws://${address}:${gateway.port}/dev`)
    const { domainName, stage, connectionId } = (await gateway.next('CONNECT')).requestContext
    assert.is(domainName, `127.0.0.1:${gateway.port}`)
    const answer = await fetch(`http://${domainName}/${stage}/@connections/${connectionId}`, {
      method: 'POST',
      body: 'x',
    })
    assert.is(answer.status, 200)
    socket?.destroy()
  }
})

test('without a query the event has no key for one', async () => {
  const gateway = await local()
  const { socket } = await connect(gateway.url)
  assert.not.ok('queryStringParameters' in (await gateway.next('CONNECT')))
  socket.terminate()
})

test('a client that does not say what it is has an address and no user agent', async () => {
  const gateway = await local()
  const { socket } = await knock(gateway.url)
  assert.equal((await gateway.next('CONNECT')).requestContext.identity, { sourceIp: '127.0.0.1' })
  socket?.destroy()
})

test('an unknown stage or path is answered 403 and nothing is invoked', async () => {
  const gateway = await local()
  for (const path of ['prod', 'dev/more', '']) {
    const { status, body } = await knock(`ws://127.0.0.1:${gateway.port}/${path}`)
    assert.is(status, 403)
    assert.is(body, '{"message":"Forbidden"}')
  }
  assert.equal(gateway.events, [])
})

test('a URL of 4,096 characters is taken, and one more is answered 414 with nothing invoked', async () => {
  const gateway = await local()
  const longest = `${gateway.url}?token=`.padEnd(4_096, 'a')
  const taken = await knock(longest)
  assert.is(taken.status, 101)
  taken.socket?.destroy()
  assert.is((await knock(`${longest}a`)).status, 414)
  await gateway.next('DISCONNECT')
  assert.is(gateway.events.length, 2)
})

test('a handshake without a valid key is answered 400 and nothing is invoked', async () => {
  const gateway = await local()
  assert.is((await knock(gateway.url, { 'Sec-WebSocket-Key': 'short' })).status, 400)
  assert.equal(gateway.events, [])
})

test('a client that gives up during a $connect that says yes is told to $disconnect with 1006', async () => {
  const release = signal()
  const gateway = await local(on({ CONNECT: () => release.promise.then(ok) }))
  const socket = knockAndLeave(gateway.url)
  await gateway.next('CONNECT')
  socket.resetAndDestroy()
  // After a round trip the gateway knows.
  await fetch(gateway.endpoint)
  release.resolve()
  const { requestContext } = await gateway.next('DISCONNECT')
  assert.is('disconnectStatusCode' in requestContext && requestContext.disconnectStatusCode, 1006)
})

test.run()
