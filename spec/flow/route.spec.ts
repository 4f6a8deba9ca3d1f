import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Options, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { setup } from 'xstate'
import { codesOf, peer, wire } from '../kit/wire.ts'

const test = suite('flow: routes')

const routed = (options: Options = {}) => {
  const net = wire()
  const ran: unknown[] = []
  const app = ws({ gateway: net.gateway, ...options })
    .onConnect(() => accept())
    .on('send', ({ name }) => void ran.push(name))
    .on('leave', ({ name }) => void ran.push(name))
    .on('constructor', ({ name }) => void ran.push(name))
    .build()
  return { ...peer(app, net), ran }
}

const withDefault = (options: Options = {}) => {
  const net = wire()
  const ran: unknown[] = []
  const app = ws({ gateway: net.gateway, ...options })
    .onConnect(() => accept())
    .on('send', ({ name }) => void ran.push(name))
    .onDefault(({ name, id, data }) => {
      ran.push([name, id, data])
      return 'defaulted'
    })
    .build()
  return { ...peer(app, net), ran }
}

test('the message names its route, whichever one API Gateway deployed', async () => {
  const { send, ran } = routed()
  await send({ action: 'send' })
  await send({ action: 'leave' }, { routeKey: 'leave' })
  assert.equal(ran, ['send', 'leave'])
})

test('a route may be named like a member of every object', async () => {
  const { send, ran } = routed()
  await send({ action: 'constructor' })
  assert.equal(ran, ['constructor'])
})

for (const [said, nearest] of [
  ['sned', 'send'],
  ['sends', 'send'],
  ['Send', 'send'],
  ['laeve', 'leave'],
] as const)
  test(`'${said}' is told that '${nearest}' is near`, async () => {
    const { send } = routed()
    const message = `There is no route '${said}'. Did you mean '${nearest}'?`
    assert.equal((await send({ action: said })).frames, [
      { action: said, error: { code: 'UNIMPLEMENTED', message, details: { nearest } } },
    ])
  })

for (const said of ['subscribe', 'xyz', 's'])
  test(`'${said}' is near to no route, and is told of none`, async () => {
    const { send } = routed()
    const message = `There is no route '${said}'.`
    assert.equal((await send({ action: said })).frames, [{ action: said, error: { code: 'UNIMPLEMENTED', message } }])
  })

test('a message without a name is told that it needs one', async () => {
  const { send, ran } = routed()
  assert.equal(codesOf((await send({ data: 1 })).frames), ['INVALID_ARGUMENT'])
  assert.equal(ran, [])
})

test('onDefault takes every message that no route takes, whole', async () => {
  const { send, ran } = withDefault()
  const { frames } = await send({ action: 'other', id: '1', data: 5 })
  await send({ type: 'ping' })
  await send({ action: 'send' })
  assert.equal(ran, [
    ['$default', '1', { action: 'other', id: '1', data: 5 }],
    ['$default', undefined, { type: 'ping' }],
    'send',
  ])
  assert.equal(frames, [{ action: 'other', id: '1', data: 'defaulted' }])
})

test('a client that names a lifecycle route reaches onDefault and nothing else', async () => {
  const { send, ran } = withDefault()
  for (const action of ['$connect', '$disconnect', '$default']) await send({ action })
  assert.equal(
    ran.map((row) => (row as unknown[])[0]),
    ['$default', '$default', '$default'],
  )
})

test("with { routeBy: 'routeKey' } the route that API Gateway selected wins over the message", async () => {
  const { send, ran } = routed({ routeBy: 'routeKey' })
  await send({ action: 'send' }, { routeKey: 'leave' })
  await send({ service: 'chat' }, { routeKey: 'send' })
  assert.equal(ran, ['leave', 'send'])
})

test("with { routeBy: 'routeKey' } a message that fell to $default names its route itself", async () => {
  const { send, ran } = routed({ routeBy: 'routeKey' })
  await send({ action: 'send' })
  assert.equal(ran, ['send'])
})

test('an event is told apart by its type, not by its route', async () => {
  const { send, ran } = routed({ routeBy: 'routeKey' })
  assert.equal(codesOf((await send({ action: 'send' }, { routeKey: '$connect' })).frames), ['UNIMPLEMENTED'])
  assert.equal(ran, [])
})

test('under a protocol onDefault runs only where the machine accepts $default', async () => {
  const net = wire()
  const ran: unknown[] = []
  const machine = setup({
    types: { events: {} as { type: 'open' } | { type: '$default' } },
  }).createMachine({
    id: 'm',
    initial: 'shut',
    states: { shut: { on: { open: 'open' } }, open: { on: { $default: stay } } },
  })
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(memory())
    .protocol(machine)
    .onConnect(() => accept())
    .on('open', () => {})
    .onDefault(({ data }) => void ran.push(data))
    .build()
  const { connect, send } = peer(app, net)
  await connect()
  for (const body of ['raw', { action: 'other' }, { action: '$default' }])
    assert.equal(codesOf((await send(body)).frames), ['FAILED_PRECONDITION'])
  assert.equal(ran, [])
  await send({ action: 'open' })
  await send('raw')
  assert.equal(ran, ['raw'])
})

test('the idempotency key is the same for each attempt at a message, and differs between connections', async () => {
  const net = wire()
  const keys: string[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('pay', v.unknown(), ({ idempotencyKey }) => void keys.push(idempotencyKey))
    .build()
  const [ann, ben] = [peer(app, net, 'ann='), peer(app, net, 'ben=')]
  await ann.send({ action: 'pay', id: '7', data: 1 })
  await ann.send({ action: 'pay', id: '7', data: 1 })
  await ben.send({ action: 'pay', id: '7', data: 1 })
  await ann.send({ action: 'pay', data: 1 }, { messageId: 'm1=' })
  await ann.send({ action: 'pay', data: 1 }, { messageId: 'm2=' })
  assert.is(keys[0], keys[1])
  assert.is(new Set(keys).size, 4)
})

test.run()
