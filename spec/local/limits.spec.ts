import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { WebSocketEvent } from '../../lib/event/event.ts'
import { closeAll, connect, fakeClock, frame, knock, local, ok } from '../kit/local.ts'

const test = suite('local limits')
test.after.each(closeAll)

const KB = 1024
const bodyOf = (event: WebSocketEvent) => ('body' in event ? (event.body ?? '') : '')
const farewellOf = ({ requestContext }: WebSocketEvent) =>
  'disconnectStatusCode' in requestContext && [requestContext.disconnectStatusCode, requestContext.disconnectReason]

test('a binary frame closes the connection with 1003 and is not handled', async () => {
  const gateway = await local()
  const client = await connect(gateway.url)
  client.socket.send(Buffer.from('{}'))
  assert.is((await client.closed).code, 1003)
  assert.equal(farewellOf(await gateway.next('DISCONNECT')), [1003, ''])
  assert.is(gateway.events.length, 2)
})

test('a frame of 32 KB is taken', async () => {
  const gateway = await local()
  const client = await connect(gateway.url)
  client.send('a'.repeat(32 * KB))
  assert.is(bodyOf(await gateway.next('MESSAGE')).length, 32 * KB)
})

test('a frame above 32 KB closes the connection with 1009 and is not handled', async () => {
  for (const bytes of [32 * KB + 1, 200 * KB]) {
    const gateway = await local()
    const client = await connect(gateway.url)
    client.send('a'.repeat(bytes))
    assert.is((await client.closed).code, 1009)
    assert.equal(farewellOf(await gateway.next('DISCONNECT')), [1009, ''])
    assert.is(gateway.events.length, 2)
  }
})

const sendParts = (
  socket: { send: (data: string, options: { fin: boolean }) => void },
  count: number,
  last: number,
) => {
  for (let part = 1; part < count; part++) socket.send('a'.repeat(32 * KB), { fin: false })
  socket.send('a'.repeat(last), { fin: true })
}

test('a message of 128 KB in frames of 32 KB is taken', async () => {
  const gateway = await local()
  const client = await connect(gateway.url)
  sendParts(client.socket, 4, 32 * KB)
  assert.is(bodyOf(await gateway.next('MESSAGE')).length, 128 * KB)
  client.send('next')
  assert.is(bodyOf(await gateway.next('MESSAGE')), 'next')
})

test('a message above 128 KB in good frames closes the connection with 1009', async () => {
  const gateway = await local()
  const client = await connect(gateway.url)
  sendParts(client.socket, 5, 1)
  assert.is((await client.closed).code, 1009)
  await gateway.next('DISCONNECT')
  assert.is(gateway.events.length, 2)
})

test('a message in 16,384 frames is taken, and one of more closes the connection with 1009', async () => {
  for (const [count, code] of [
    [16_384, undefined],
    [16_385, 1009],
  ] as const) {
    const gateway = await local()
    const { socket } = await knock(gateway.url)
    const [first, empty, last] = [
      frame('a', { fin: false }),
      frame('', { opcode: 0, fin: false }),
      frame('', { opcode: 0 }),
    ]
    socket?.write(Buffer.concat([first, ...Array.from({ length: count - 2 }, () => empty), last]))
    if (code === undefined) assert.is(bodyOf(await gateway.next('MESSAGE')), 'a')
    else assert.equal(farewellOf(await gateway.next('DISCONNECT')), [code, ''])
    socket?.destroy()
  }
})

test('messages before a bad frame in the same packet are handled, those after it are not', async () => {
  const gateway = await local()
  const { socket } = await knock(gateway.url)
  assert.ok(socket)
  socket.write(Buffer.concat([frame('one'), frame('two'), frame('a'.repeat(33 * KB)), frame('three')]))
  await gateway.next('DISCONNECT')
  const bodies = gateway.events.filter((event) => 'body' in event).map(bodyOf)
  assert.equal(bodies, ['one', 'two'])
  socket.destroy()
})

test('frames are read right however the network cuts them', async () => {
  const gateway = await local()
  const { socket } = await knock(gateway.url)
  assert.ok(socket)
  const bytes = Buffer.concat([
    frame('a'.repeat(300)),
    frame('b'.repeat(200), { fin: false }),
    frame('', { opcode: 9 }),
    frame('c', { opcode: 0 }),
  ])
  socket.setNoDelay(true)
  for (const byte of bytes) if (!socket.write(Buffer.from([byte]))) await once(socket, 'drain')
  assert.is(bodyOf(await gateway.next('MESSAGE')), 'a'.repeat(300))
  assert.is(bodyOf(await gateway.next('MESSAGE')), `${'b'.repeat(200)}c`)
  socket.destroy()
})

test('invalid UTF-8 and broken frames close the connection and are told to $disconnect', async () => {
  for (const [bytes, code] of [
    [frame(Buffer.from([0xff])), 1007],
    [frame('x', { opcode: 3 }), 1002],
  ] as const) {
    const gateway = await local()
    const { socket } = await knock(gateway.url)
    socket?.write(bytes)
    assert.equal(farewellOf(await gateway.next('DISCONNECT')), [code, ''])
    socket?.destroy()
  }
})

test('a connection without a message for ten minutes is closed with 1001 "Going away"', async () => {
  const clock = fakeClock()
  const gateway = await local(ok, { clock })
  const client = await connect(gateway.url)
  clock.advance(10 * 60_000)
  assert.equal(await client.closed, { code: 1001, reason: 'Going away' })
  assert.equal(farewellOf(await gateway.next('DISCONNECT')), [1001, 'Going away'])
})

test('a message in either direction begins the idle time anew', async () => {
  const clock = fakeClock()
  const gateway = await local(ok, { clock, idleMs: 1_000 })
  const client = await connect(gateway.url)
  clock.advance(900)
  client.send('in')
  const { connectionId } = (await gateway.next('MESSAGE')).requestContext
  clock.advance(900)
  await fetch(`${gateway.endpoint}/@connections/${connectionId}`, { method: 'POST', body: 'out' })
  clock.advance(900)
  assert.is(client.socket.readyState, client.socket.OPEN)
  assert.is(await client.next(), 'out')
  clock.advance(100)
  assert.is((await client.closed).code, 1001)
})

test('a connection of two hours is closed with 1001, however busy', async () => {
  const clock = fakeClock()
  const gateway = await local(ok, { clock })
  const client = await connect(gateway.url)
  for (let minute = 9; minute < 120; minute += 9) {
    clock.advance(9 * 60_000)
    client.send('busy')
    await gateway.next('MESSAGE')
  }
  clock.advance(3 * 60_000)
  assert.is((await client.closed).code, 1001)
})

test.run()
