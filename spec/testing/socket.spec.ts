import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, reject, ws } from 'ws-interlock'
import { type AnyWebSocket, diary, PLACES, type Told } from '../kit/sockets.ts'
import { latch } from '../kit/wire.ts'

/** Takes `v1`, refuses `?no`, repeats what it is told, and notes who left. */
const appOf = () => {
  const left: { readonly code: number; readonly reason: string }[] = []
  const gone = latch()
  const door = latch()
  const asked = latch()
  const app = ws()
    .pushes({ said: v.string() })
    .onConnect(async ({ query, subprotocols }) => {
      asked.open()
      if (query.has('wait')) await door.passed
      if (query.has('no')) return reject(403, 'Not you.')
      return accept(subprotocols.includes('v1') ? { subprotocol: 'v1' } : {})
    })
    .on('who', ({ connection }) => connection.id)
    .on('echo', v.string(), ({ data }) => data)
    .on('later', v.string(), ({ data, push }) => push('said', data))
    .on('leave', ({ close }) => close())
    .onDisconnect(({ code, reason }) => {
      left.push({ code, reason })
      gone.open()
    })
    .build()
  return { app, left, gone: gone.passed, door, asked: asked.passed }
}

const echo = (id: string, data: string) => JSON.stringify({ action: 'echo', id, data })

for (const { name, open, tellsLast } of PLACES) {
  const test = suite(`a WebSocket: ${name}`)
  const closing: (() => Promise<void>)[] = []
  test.after.each(async () => {
    for (const close of closing.splice(0)) await close()
  })

  /** What is told where there never was a connection. */
  const failure: readonly Told[] = [
    { type: 'error' },
    ...(tellsLast === 'close' ? [{ type: 'close', code: 1006, reason: '', wasClean: false }] : []),
  ]

  const begin = async () => {
    const application = appOf()
    const gateway = await open(application.app)
    closing.push(gateway.close)
    const socketTo = (more = '', protocols?: string | string[]) => {
      const socket = new gateway.WebSocket(`${gateway.url}${more}`, protocols)
      return { socket, ...diary(socket) }
    }
    return { ...application, ...gateway, socketTo }
  }

  test('it opens in a later turn, carries texts both ways in order, and says what it is at', async () => {
    const { socketTo, url, WebSocket } = await begin()
    const { socket, until, told } = socketTo('?a=1')
    assert.is(socket.readyState, WebSocket.CONNECTING)
    assert.equal(told, [])
    await until('open')
    assert.equal([socket.readyState, socket.url, socket.protocol], [WebSocket.OPEN, `${url}?a=1`, ''])
    socket.send(echo('1', 'ä€😀'))
    const { data } = await until('message')
    assert.equal(JSON.parse(String(data)), { action: 'echo', id: '1', data: 'ä€😀' })
    for (const id of ['2', '3', '4']) socket.send(JSON.stringify({ action: 'later', id, data: id }))
    await until('message', 7)
    const said = told.flatMap(({ data: text }) => (text ? [JSON.parse(String(text))] : [])).filter(({ event }) => event)
    assert.equal(said.length, 3)
  })

  test('a subprotocol that $connect chooses is its protocol', async () => {
    const { socketTo } = await begin()
    const { socket, until } = socketTo('', ['v2', 'v1'])
    await until('open')
    assert.is(socket.protocol, 'v1')
  })

  test('whose subprotocols are answered by none fails, and the server is told that it left', async () => {
    const { socketTo, left, gone, WebSocket } = await begin()
    const { socket, until, told } = socketTo('', 'v2')
    await until(tellsLast)
    assert.equal(told, failure)
    assert.equal([socket.readyState === WebSocket.OPEN, socket.protocol], [false, ''])
    await gone
    assert.equal(left, [{ code: 1006, reason: '' }])
  })

  test('who is refused is told nothing but an error, and 1006', async () => {
    const { socketTo, left } = await begin()
    const { until, told } = socketTo('?no=1')
    await until(tellsLast)
    assert.equal(told, failure)
    assert.equal(left, [])
  })

  test('what asks for another stage is refused', async () => {
    const { WebSocket, url } = await begin()
    const { until, told } = diary(new WebSocket(`${url}x`))
    await until(tellsLast)
    assert.equal(told, failure)
  })

  test('both ends read the code and the reason with which it closes', async () => {
    const { socketTo, left, gone, WebSocket } = await begin()
    const { socket, until } = socketTo()
    await until('open')
    socket.close(4001, 'tea is ready')
    assert.is(socket.readyState, WebSocket.CLOSING)
    const { code, reason, wasClean } = await until('close')
    assert.equal({ code, reason, wasClean }, { code: 4001, reason: 'tea is ready', wasClean: true })
    assert.is(socket.readyState, WebSocket.CLOSED)
    await gone
    assert.equal(left, [{ code: 4001, reason: 'tea is ready' }])
  })

  test('closed without a code it is 1005', async () => {
    const { socketTo, left, gone } = await begin()
    const { socket, until } = socketTo()
    await until('open')
    socket.close()
    const { code, reason, wasClean } = await until('close')
    assert.equal({ code, reason, wasClean }, { code: 1005, reason: '', wasClean: true })
    await gone
    assert.is(left[0]?.code, 1005)
  })

  test('closed by the server it is told the code, once, and close() afterwards is nothing', async () => {
    const { socketTo } = await begin()
    const { socket, until, told } = socketTo()
    await until('open')
    socket.send(JSON.stringify({ action: 'leave' }))
    assert.is((await until('close')).wasClean, true)
    socket.close()
    socket.send(echo('1', 'too late'))
    assert.is(told.filter(({ type }) => type === 'close').length, 1)
  })

  test('closed before it is open it fails, and a server that says yes to it learns that it has gone', async () => {
    const { socketTo, left, gone, door, asked, WebSocket } = await begin()
    const { socket, until, told } = socketTo('?wait=1')
    await asked
    socket.close()
    assert.is(socket.readyState, WebSocket.CLOSING)
    await until(tellsLast)
    assert.equal(told, failure)
    door.open()
    await gone
    assert.equal(left, [{ code: 1006, reason: '' }])
  })

  test('a frame above 32 KB closes it with 1009', async () => {
    const { socketTo, left, gone } = await begin()
    const { socket, until } = socketTo()
    await until('open')
    socket.send(echo('1', 'x'.repeat(32 * 1024)))
    assert.is((await until('close')).code, 1009)
    await gone
    assert.is(left[0]?.code, 1009)
  })

  test('what is no address, no subprotocol, no code or no time to send is thrown', async () => {
    const { socketTo, url, WebSocket } = await begin()
    assert.throws(() => new WebSocket('nowhere'))
    assert.throws(() => new WebSocket('ftp://127.0.0.1/dev'))
    assert.throws(() => new WebSocket(`${url}#part`))
    assert.throws(() => new WebSocket(url, ['v1', 'v1']))
    assert.throws(() => new WebSocket(url, 'a b'))
    const { socket, until } = socketTo()
    assert.throws(() => socket.send('too early'))
    await until('open')
    assert.throws(() => socket.close(999))
    assert.throws(() => socket.close(5000))
    assert.throws(() => socket.close(4000, 'ä'.repeat(62)))
    assert.is(socket.readyState, (WebSocket satisfies AnyWebSocket).OPEN)
  })

  test('a listener that was removed, or replaced, hears nothing more', async () => {
    const { socketTo } = await begin()
    const { socket, until } = socketTo()
    await until('open')
    const heard: string[] = []
    const listener = () => heard.push('listener')
    socket.addEventListener('message' as never, listener)
    socket.onmessage = () => heard.push('first')
    socket.onmessage = () => heard.push('second')
    socket.send(echo('1', 'a'))
    await until('message')
    socket.removeEventListener('message' as never, listener)
    socket.onmessage = null
    socket.send(echo('2', 'b'))
    await until('message', 2)
    assert.equal(heard, ['listener', 'second'])
  })

  test('a gateway that closes ends it with 1001, and nobody can connect afterwards', async () => {
    const { socketTo, close } = await begin()
    const { until } = socketTo()
    await until('open')
    await close()
    assert.equal((({ code, wasClean }) => [code, wasClean])(await until('close')), [1001, true])
    const late = socketTo()
    await late.until(tellsLast)
    assert.equal(late.told, failure)
  })

  test.run()
}
