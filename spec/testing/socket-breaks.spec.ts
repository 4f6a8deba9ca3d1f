import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { type TestGateway, testGateway } from 'ws-interlock/testing'
import { diary } from '../kit/sockets.ts'
import { latch } from '../kit/wire.ts'

const test = suite('a WebSocket in process, and what breaks it')

const open = new Set<TestGateway<object>>()
test.after.each(async () => {
  for (const gateway of open) await gateway.close()
  open.clear()
})

/** Says what it was told, waits where it is to wait, and notes who left. */
const begin = () => {
  const left: number[] = []
  const heard: string[] = []
  const door = latch()
  const app = ws()
    .pushes({ said: v.string() })
    .onConnect(async ({ query }) => {
      if (query.has('wait')) await door.passed
      return accept()
    })
    .on('say', v.string(), ({ data, push }) => {
      heard.push(data)
      return push('said', data)
    })
    .onDisconnect(({ code }) => {
      left.push(code)
    })
    .build()
  const gateway = testGateway(app)
  open.add(gateway)
  const socketTo = (more = '') => {
    const socket = new gateway.WebSocket(`${gateway.url}${more}`)
    return { socket, ...diary(socket as never) }
  }
  return { app, gateway, left, heard, door, socketTo }
}

const say = (data: string) => JSON.stringify({ action: 'say', data })
const LOST = { type: 'close', code: 1006, reason: '', wasClean: false }
const MINUTE = 60_000

test('settled() waits for what is on its way in either direction, and no time passes', async () => {
  const { gateway, socketTo, heard } = begin()
  const at = gateway.clock.now()
  const { socket, told } = socketTo()
  await gateway.settled()
  assert.equal(told, [{ type: 'open' }])
  socket.send(say('a'))
  assert.equal(heard, [])
  await gateway.settled()
  assert.equal([heard, told.length], [['a'], 2])
  assert.is(gateway.clock.now(), at)
})

test('a socket that answers each text by another is waited for to the end of the talk', async () => {
  const { gateway, socketTo, heard } = begin()
  const { socket } = socketTo()
  socket.onopen = () => socket.send(say('1'))
  socket.onmessage = async ({ data }) => {
    const count = Number(JSON.parse(data).data)
    await new Promise((resolve) => setImmediate(resolve))
    if (count < 50) socket.send(say(String(count + 1)))
  }
  await gateway.settled()
  assert.is(heard.length, 50)
})

test('a timer on its clock that sends is heard before advance() is through', async () => {
  const { gateway, socketTo, heard } = begin()
  const { socket } = socketTo()
  await gateway.settled()
  gateway.clock.setTimeout(() => socket.send(say('at five')), 5 * MINUTE)
  await gateway.advance(10 * MINUTE)
  assert.equal([heard, socket.readyState], [['at five'], socket.OPEN])
  await gateway.advance(5 * MINUTE)
  assert.is(socket.readyState, socket.CLOSED)
})

test('one that vanishes sees 1006, as $disconnect does, and what was on its way is lost', async () => {
  const { gateway, socketTo, left, heard } = begin()
  const { socket, told } = socketTo()
  await gateway.settled()
  assert.equal(gateway.sockets, [socket])
  socket.send(say('never heard'))
  for (const each of gateway.sockets) each.vanish()
  assert.is(told.length, 1)
  await gateway.settled()
  assert.equal(told, [{ type: 'open' }, LOST])
  assert.equal([left, heard, gateway.sockets], [[1006], [], []])
})

test('one that vanishes before it is open fails, and the server that says yes to it learns that it has gone', async () => {
  const { gateway, socketTo, left, door } = begin()
  const { socket, told } = socketTo('?wait=1')
  await gateway.settled()
  socket.vanish()
  await gateway.settled()
  assert.equal(told, [{ type: 'error' }, LOST])
  door.open()
  await gateway.settled()
  assert.equal([left, told.length], [[1006], 2])
})

test('one that stalls notices nothing, and the gateway not before ten minutes are over', async () => {
  const { gateway, app, socketTo, left, heard } = begin()
  const { socket, told } = socketTo()
  await gateway.settled()
  socket.stall()
  socket.send(say('never heard'))
  assert.is(await app.server.connection(socket.connectionId).push('said', 'never read'), true)
  await gateway.advance(10 * MINUTE - 1)
  assert.equal([left, heard], [[], []])
  await gateway.advance(1)
  assert.equal([left, told, socket.readyState], [[1001], [{ type: 'open' }], socket.OPEN])
})

test('one that stalled and is closed is over after a minute, and 1006', async () => {
  const { gateway, socketTo, left } = begin()
  const { socket, told } = socketTo()
  await gateway.settled()
  socket.stall()
  socket.close(1000)
  await gateway.advance(MINUTE - 1)
  assert.equal([socket.readyState, told.length], [socket.CLOSING, 1])
  await gateway.advance(1)
  assert.equal(told, [{ type: 'open' }, LOST])
  assert.equal(left, [])
})

test('one that stalls before it is open stays where it is', async () => {
  const { gateway, socketTo } = begin()
  const { socket, told } = socketTo()
  socket.stall()
  await gateway.advance(MINUTE)
  assert.equal([told, socket.readyState, gateway.sockets], [[], socket.CONNECTING, [socket]])
  socket.close()
  await gateway.settled()
  assert.equal(told, [{ type: 'error' }, LOST])
})

test('a text that comes while it closes goes unread, as in a browser', async () => {
  const { gateway, app, socketTo } = begin()
  const { socket, told } = socketTo()
  await gateway.settled()
  assert.is(await app.server.connection(socket.connectionId).push('said', 'too late'), true)
  assert.is(told.length, 1)
  socket.close(1000)
  await gateway.settled()
  assert.equal(
    told.map(({ type }) => type),
    ['open', 'close'],
  )
})

test('bytes close it with 1003, and a URL above 4,096 characters does not open', async () => {
  const { gateway, socketTo } = begin()
  const { socket, told } = socketTo()
  const long = socketTo(`?a=${'x'.repeat(4_096)}`)
  await gateway.settled()
  assert.equal(long.told, [{ type: 'error' }, LOST])
  socket.send(new Uint8Array(1))
  await gateway.settled()
  assert.is(told.at(-1)?.code, 1003)
})

test('what a browser throws is thrown by the same name', () => {
  const { gateway, socketTo } = begin()
  const nameOf = (run: () => unknown) => {
    try {
      run()
      return 'nothing'
    } catch (error) {
      return error instanceof DOMException && error.name
    }
  }
  const { socket } = socketTo()
  assert.is(
    nameOf(() => new gateway.WebSocket('nowhere')),
    'SyntaxError',
  )
  assert.is(
    nameOf(() => new gateway.WebSocket(gateway.url, ['a', 'a'])),
    'SyntaxError',
  )
  assert.is(
    nameOf(() => socket.send('early')),
    'InvalidStateError',
  )
  assert.is(
    nameOf(() => socket.close(1001)),
    'InvalidAccessError',
  )
  assert.is(
    nameOf(() => socket.close(1000, 'x'.repeat(124))),
    'SyntaxError',
  )
})

test('a door that waits on the clock opens when its time has come', async () => {
  const gateway = testGateway(
    ws()
      .onConnect(async () => {
        await new Promise<void>((resolve) => gateway.clock.setTimeout(resolve, 5_000))
        return accept()
      })
      .build(),
  )
  open.add(gateway)
  const { until } = diary(new gateway.WebSocket(gateway.url) as never)
  const at = gateway.clock.now()
  await gateway.advance(5_000)
  await until('open')
  assert.is(gateway.clock.now() - at, 5_000)
})

test.run()
