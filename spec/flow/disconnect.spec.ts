import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, PermissionDeniedError, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { disconnectEvent } from 'ws-interlock/testing'
import { peer, wire } from '../kit/wire.ts'

const test = suite('flow: $disconnect')

const parting = () => {
  const net = wire()
  const seen: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .onDisconnect(({ code, reason, connection, phase }) => void seen.push([phase, connection.id, code, reason]))
    .build()
  return { ...peer(app, net, 'ann='), seen }
}

test('onDisconnect is told the close code and the reason', async () => {
  const { disconnect, seen } = parting()
  assert.equal(await disconnect({ code: 4001, reason: 'bored' }), { statusCode: 200 })
  assert.equal(seen, [['disconnect', 'ann=', 4001, 'bored']])
})

test('a close frame without a code is 1005, in the words of API Gateway', async () => {
  const { disconnect, seen } = parting()
  await disconnect()
  assert.equal(seen, [['disconnect', 'ann=', 1005, 'Client-side close frame status not set']])
})

for (const [said, members] of [
  ['leaves them out', {}],
  ['says null', { disconnectStatusCode: null, disconnectReason: null, messageId: null }],
] as const)
  test(`where the event ${said} the code is 1006 and the reason is empty`, async () => {
    const { handle, seen } = parting()
    const { requestContext, ...event } = disconnectEvent({ connectionId: 'ann=' })
    const { disconnectStatusCode: _, disconnectReason: __, ...rest } = requestContext
    await handle({ ...event, requestContext: { ...rest, ...members } })
    assert.equal(seen, [['disconnect', 'ann=', 1006, '']])
  })

test('an onDisconnect that throws is told to the owner, and the invocation is answered', async () => {
  const net = wire()
  const told: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .onDisconnect(() => {
      throw new PermissionDeniedError('broken')
    })
    .onError((error, { phase, name }) => void told.push([String(error), phase, name]))
    .build()
  assert.equal(await peer(app, net).disconnect(), { statusCode: 200 })
  assert.equal(told, [['WsError:PERMISSION_DENIED: broken', 'disconnect', undefined]])
})

test('onDisconnect reaches the others of a channel, and is no member any more', async () => {
  const net = wire()
  const seen: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .store(memory())
    .pushes({ left: v.string() })
    .onConnect(async ({ channel }) => channel('lobby').join())
    .onDisconnect(async ({ channel, connection }) => {
      for await (const member of channel('lobby').members()) seen.push(member)
      await channel('lobby').broadcast('left', connection.id)
    })
    .build()
  const [ann, ben, cas] = [peer(app, net, 'ann='), peer(app, net, 'ben='), peer(app, net, 'cas=')]
  for (const one of [ann, ben, cas]) await one.connect()
  await ann.disconnect()
  assert.equal(seen, ['ben=', 'cas='])
  assert.equal(ann.taken(), [])
  assert.equal(ben.taken(), [{ event: 'left', data: 'ann=' }])
  assert.equal(cas.taken(), [{ event: 'left', data: 'ann=' }])
})

test('a connection that is gone has nobody to push to', async () => {
  const net = wire()
  const seen: string[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .onDisconnect((context) => {
      for (const name of ['push', 'close', 'data', 'channel', 'raise']) if (name in context) seen.push(name)
    })
    .build()
  await peer(app, net).disconnect()
  assert.equal(seen, [])
})

test('65. a store that fails when memberships are to end keeps no handler from running, and the owner is told', async () => {
  const net = wire()
  const { memberships, ...store } = memory()
  let failing = true
  const channels: typeof memberships.channels = async (id) => {
    if (failing) throw new Error('the store is away')
    return memberships.channels(id)
  }
  const told: unknown[] = []
  let ended = 0
  const app = ws({ gateway: net.gateway })
    .store({ ...store, memberships: { ...memberships, channels } })
    .onConnect(({ channel }) => channel('lobby').join())
    .onDisconnect(() => void ended++)
    .onError((error) => void told.push(error))
    .build()
  const { connect, disconnect, connectionId } = peer(app, net)
  await connect()
  await disconnect()
  assert.is(ended, 1)
  assert.match(String(told), 'Memberships of it are left to the next farewell.')
  failing = false
  await disconnect()
  assert.is(ended, 1)
  assert.equal(await memberships.channels(connectionId), [])
})

test.run()
