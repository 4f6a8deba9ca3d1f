import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, stay, ws } from 'ws-interlock'
import { redis } from 'ws-interlock/store/redis'
import { makeId } from 'ws-interlock/testing'
import { setup } from 'xstate'
import { needs } from '../kit/needs.ts'
import { CLIENTS, redisOf } from '../kit/redis.ts'
import { codesOf, peer, wire } from '../kit/wire.ts'

const test = suite('an application on redis')
const onRedis = needs(test, 'redis-server')
const { server, client, end } = redisOf()
test.after(end)

const machine = setup({ types: { events: {} as { type: 'auth' } | { type: 'say' } } }).createMachine({
  id: 'redis-app',
  initial: 'anonymous',
  states: { anonymous: { on: { auth: 'known' } }, known: { on: { say: stay } } },
})

/** A chat on the server, and a peer of it. `ran` has the handlers that ran, `told` what went to onError. */
const chat = async (name: string) => {
  const net = wire()
  const ran: string[] = []
  const told: unknown[] = []
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(redis(await client(name), { prefix: `${makeId()}:` }))
    .pushes({ said: v.string() })
    .protocol(machine)
    .onConnect(() => accept())
    .on('auth', async ({ channel }) => {
      ran.push('auth')
      await channel('lobby').join()
    })
    .on('say', async ({ channel }) => {
      ran.push('say')
      await channel('lobby').broadcast('said', 'hello')
    })
    .onDisconnect(() => void ran.push('left'))
    .onError((error) => void told.push(error))
    .build()
  return { ...peer(app, net), ran, told, lobby: app.server.channel('lobby') }
}

for (const name of Object.keys(CLIENTS)) {
  onRedis(`${name}: it keeps the order of messages, and the members of a channel`, async () => {
    const { connect, send, disconnect, ran, lobby, connectionId } = await chat(name)
    assert.is((await connect()).statusCode, 200)
    assert.equal(codesOf((await send({ action: 'say', id: '1' })).frames), ['FAILED_PRECONDITION'])
    assert.equal((await send({ action: 'auth', id: '2' })).frames, [{ action: 'auth', id: '2' }])
    assert.equal(codesOf((await send({ action: 'auth', id: '2' })).frames), ['ALREADY_EXISTS'])
    assert.equal((await send({ action: 'say', id: '3' })).frames, [
      { event: 'said', data: 'hello' },
      { action: 'say', id: '3' },
    ])
    assert.equal(await all(lobby.members()), [connectionId])
    await disconnect()
    assert.equal(await all(lobby.members()), [])
    assert.equal(ran, ['auth', 'say', 'left'])
  })

  onRedis(`77. ${name}: a peer whose record was lost is disconnected, and nothing runs`, async () => {
    const { connect, send, ran } = await chat(name)
    await connect()
    await send({ action: 'auth', id: '1' })
    await (await server()).command('FLUSHALL')
    assert.equal((await send({ action: 'say', id: '2' })).frames, ['$closed'])
    assert.equal(ran, ['auth'])
  })

  onRedis(`78. ${name}: while the server is full the peer is told UNAVAILABLE, and nothing runs`, async () => {
    const { command } = await server()
    const { connect, send, ran, told } = await chat(name)
    await connect()
    await command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      assert.equal(codesOf((await send({ action: 'auth', id: '1' })).frames), ['UNAVAILABLE'])
      assert.equal(ran, [])
      assert.match(String((told[0] as Error).cause), 'OOM command not allowed')
    } finally {
      await command('CONFIG', 'SET', 'maxmemory', '0')
    }
    assert.equal((await send({ action: 'auth', id: '1' })).frames, [{ action: 'auth', id: '1' }])
    assert.equal(ran, ['auth'])
  })
}

const all = async (ids: AsyncIterable<string>) => {
  const found: string[] = []
  for await (const id of ids) found.push(id)
  return found
}

test.run()
